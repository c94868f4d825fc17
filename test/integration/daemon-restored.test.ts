/** A Docker daemon with live-restore that is restarted under a running runner: sandboxes live on, and so do their terminals. */
import { expect, it } from '@jest/globals';
import { describeWhere } from '../support/describe-where.js';
import { grounds, type Ground } from '../support/grounds.js';
import { OwnDockerd } from '../support/own-dockerd.js';
import { poolSize, sweptWithinMs, useRunnerOn } from '../support/own-daemon-runner.js';
import { send } from '../support/send.js';
import { untilEqual } from '../support/until-equal.js';

const counting = 'import time\ndef count():\n  for i in range(400):\n    print(i, flush=True); time.sleep(0.01)\n';

function daemonRestored(ground: Ground): void {
  const daemon = new OwnDockerd(['--live-restore']);
  const runner = useRunnerOn(daemon, ground);
  const statusOf = async (id: string): Promise<number> =>
    (await send(runner().url, { method: 'GET', path: `/repl/${id}` })).status;

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'keeps terminals open over a %s, loses and repeats nothing, and takes input again',
    async (signal) => {
      const session = await runner().startSession({ startup: counting });
      const terminal = runner().attach(session.websocket, { subprotocol: 'repl.v1' });
      await terminal.until('>>> ');
      terminal.acknowledgeAll();
      terminal.type('count()\r');
      await terminal.until('\n20\r\n');
      await daemon.end(signal);
      const away = await send(runner().url, { method: 'GET', path: `/repl/${session.id}/files` });
      expect({ status: away.status, code: away.code }).toEqual({ status: 503, code: 'driver_unavailable' });
      await daemon.start();
      const output = await terminal.until(/\n399\r\n.*>>> $/s);
      const numbers = output.split(/[\r\n]+/).filter((line) => /^\d+$/.test(line));
      expect(numbers).toEqual(Array.from({ length: 400 }, (_, number) => String(number)));
      expect(terminal.messages.map(({ type }) => type)).toEqual(['hello', 'replayed']);
      expect(await terminal.run('6 * 7')).toContain('42');
      expect((await send(runner().url, { method: 'GET', path: `/repl/${session.id}/files` })).status).toBe(200);
      await terminal.close();
      expect((await send(runner().url, { method: 'DELETE', path: `/repl/${session.id}` })).status).toBe(204);
      expect(await statusOf(session.id)).toBe(410);
    },
  );

  it('tells the terminal of a sandbox that was destroyed while the daemon was away', async () => {
    const { session, terminal } = await runner().prompt();
    const name = `repl_${session.id.split('.')[1] ?? ''}`;
    const { State } = await daemon.docker.getContainer(name).inspect();
    await daemon.end('SIGTERM');
    process.kill(State.Pid, 'SIGKILL');
    await daemon.start();
    expect((await terminal.closed).code).toBe(4500);
    await untilEqual(() => statusOf(session.id), 410);
  });

  it('leaves no sandbox behind that nobody needs', async () => {
    const states = async (): Promise<string> => (await daemon.containerStates()).join();
    await untilEqual(states, Array(poolSize).fill('running').join(), sweptWithinMs);
  });
}

for (const ground of grounds.filter(({ name }) => name === 'docker trixie')) {
  const suite = describeWhere(ground.available && OwnDockerd.possible);
  suite(`A Docker daemon that is restarted with live-restore, on ${ground.name}`, () => {
    daemonRestored(ground);
  });
}
