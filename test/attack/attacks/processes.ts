/** Attacks with signals, daemons and hoards: what outlives a run or a session, and what the kernel counts across sandboxes. */
import { eventually } from '../../support/eventually.js';
import type { Attack, Door } from '../attack.js';
import { described, restart, run } from '../doors.js';
import type { Scene } from '../scene.js';

/** A signal to every process, then a run, a file and a new REPL. */
function signalAll(signal: string): Door {
  return async (scene) => {
    const told = await run('stop_everything.py', { args: [signal], wallSeconds: 3 })(scene);
    const works = await scene.works();
    const { status } = await scene.call('PUT', '/files/after', Buffer.from('x'), 'application/octet-stream');
    await restart(scene);
    const answered = await scene.answers();
    return `${told}; then ${works && status === 201 && answered ? 'works after a restart' : 'BROKEN'}`;
  };
}

async function daemonsOf(scene: Scene): Promise<string> {
  return described(await scene.run({ argv: ['python3', 'count_processes.py'] }));
}

/** What a run leaves running, and whether a restart ends it; the session's end is looked at after every attack. */
function daemon(...args: string[]): Door {
  return async (scene) => {
    await scene.bring('count_processes.py');
    const told = await run('daemon.py', { args })(scene);
    const after = await daemonsOf(scene);
    await restart(scene);
    return `${told}; ${after}; after a restart ${await daemonsOf(scene)}`;
  };
}

/** While one session holds all that it could get, another one is started and has to work. */
function hoard(what: string): Door {
  return async (scene) => {
    await scene.bring('hoard.py');
    const hoarding = scene.run({ argv: ['python3', 'hoard.py', what], limits: { wall_seconds: 110 } });
    await eventually('a full hoard, or its end', async () => {
      return [200, 410].includes((await scene.call('GET', '/files/held')).status);
    });
    const { body, status } = await scene.runner.call('POST', '/repl', {
      language: 'python',
      limits: { memory_mib: 96 },
    });
    if (status !== 201) throw new Error(`POST /repl beside a hoard: ${status} ${JSON.stringify(body)}`);
    const { id, websocket } = body as { id: string; websocket: string };
    const terminal = scene.runner.attach(websocket);
    await terminal.until('>>> ');
    const typed = (await terminal.run('6 * 7')).includes('42');
    const beside = await scene.runner.call('POST', `/repl/${id}/run`, {
      argv: ['python3', '-c', 'print("x" * 300_000)'],
    });
    const { outcome, stdout } = beside.body as { outcome: string; stdout: { content: string } };
    await terminal.close();
    await scene.runner.call('DELETE', `/repl/${id}`);
    // It may have ended, or its session: what the run tells counts.
    await scene.call('PUT', '/files/enough', Buffer.alloc(0), 'application/octet-stream');
    const works = typed && outcome === 'ok' && stdout.content.length === 300_001;
    return `${described(await hoarding)}; another session ${works ? 'works' : 'is BROKEN'}`;
  };
}

const besides = /; another session works$/;

export const processAttacks: readonly Attack[] = [
  {
    name: 'SIGSTOP of everything',
    door: signalAll('SIGSTOP'),
    expected: /^ok: sent SIGSTOP; then works after a restart$/,
  },
  {
    name: 'SIGKILL of everything',
    door: signalAll('SIGKILL'),
    expected: /^ok: sent SIGKILL; then works after a restart$/,
  },
  {
    name: 'a daemon that outlives its run',
    door: daemon(),
    expected: /^ok: left a daemon; ok: 0 left; after a restart ok: 0 left$/,
  },
  {
    name: 'a daemon that hides from the end of its run',
    door: daemon('unmarked'),
    expected: /^ok: left a daemon; ok: \d left; after a restart ok: 0 left$/,
  },
  { name: 'all terminals of the host', door: hoard('terminals'), expected: besides },
  { name: "all of a user's pipe pages", door: hoard('pipes'), expected: besides },
  { name: "all of a user's inotify instances", door: hoard('watches'), expected: besides },
  { name: "all of a user's pending signals", door: hoard('signals'), expected: besides },
  { name: "all of a user's timers", door: hoard('timers'), expected: besides },
  { name: 'file locks without end', door: hoard('locks'), expected: besides },
];
