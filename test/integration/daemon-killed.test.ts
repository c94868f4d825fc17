/** A real Docker daemon that is stopped and killed under a running runner. What a lost one means in detail: daemon-lost. */
import { expect, it } from '@jest/globals';
import { describeWhere } from '../support/describe-where.js';
import { grounds, type Ground } from '../support/grounds.js';
import { OwnDockerd } from '../support/own-dockerd.js';
import { poolSize, sweptWithinMs, useRunnerOn } from '../support/own-daemon-runner.js';
import { send } from '../support/send.js';
import { serverConnections } from '../support/server-connections.js';
import { untilEqual } from '../support/until-equal.js';

function daemonKilled(ground: Ground): void {
  const daemon = new OwnDockerd();
  const runner = useRunnerOn(daemon, ground);
  const python = { path: '/repl', headers: { 'Content-Type': 'application/json' }, body: '{"language": "python"}' };

  const warm = async (): Promise<number> => {
    const { body } = await send(runner().url, { method: 'GET', path: '/ready' });
    return (body as { readonly warm: { readonly python: number } }).warm.python;
  };

  it.each(['SIGKILL', 'SIGTERM', 'SIGKILL'] as const)(
    'closes terminals with 4500 after a %s, refuses starts, and goes on when the daemon is back',
    async (signal) => {
      const { session, terminal } = await runner().prompt();
      // With nothing under way, there is nothing for a sweep to find.
      await untilEqual(warm, poolSize);
      await daemon.end(signal);
      expect((await terminal.closed).code).toBe(4500);
      expect(await send(runner().url, python)).toMatchObject({ status: 503, code: 'driver_unavailable' });
      expect(await send(runner().url, { method: 'GET', path: `/repl/${session.id}` })).toMatchObject({ status: 410 });
      await untilEqual(async () => (await send(runner().url, { method: 'GET', path: '/ready' })).status, 503);
      await daemon.start();
      const again = await runner().prompt();
      expect(await again.terminal.run('6 * 7')).toContain('42');
      await again.terminal.close();
      await send(runner().url, { method: 'DELETE', path: `/repl/${again.session.id}` });
      await untilEqual(async () => (await send(runner().url, { method: 'GET', path: '/ready' })).status, 200);
      // A daemon that comes back ends what ran on the one before it.
      await untilEqual(async () => (await daemon.containerStates()).length, poolSize, sweptWithinMs);
      await untilEqual(() => serverConnections(runner().url), 0);
    },
  );
}

for (const ground of grounds.filter(({ name }) => name === 'docker trixie')) {
  const suite = describeWhere(ground.available && OwnDockerd.possible);
  suite(`A Docker daemon that is killed, on ${ground.name}`, () => {
    daemonKilled(ground);
  });
}
