/**
 * A hundred people at their terminals behind a proxy, while operators and machines do what they do to the runners and the
 * daemon behind it: every line of every program arrives once, and whoever loses a sandbox is told. On Docker.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CountingTerminal, countingStartup } from '../support/counting-terminal.js';
import { describeWhere } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { grounds } from '../support/grounds.js';
import { OwnDockerd } from '../support/own-dockerd.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { RunnerProgram } from '../support/runner-program.js';
import { untilEqual } from '../support/until-equal.js';

const terminalCount = 100;
const startsAtOnce = 6;
const startedWithinMs = 600_000;
/** Between two lines of a program: a thousand lines a second over all of them would leave two cores no air. */
const lineSeconds = 0.2;
/** A terminal that shows this many more lines has got over what happened. */
const linesAfter = 5;
const drainSeconds = '2';
const poolSize = 2;
const token = 'of-this-test-only';
const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
const ground = grounds.find(({ name, available }) => name === 'docker trixie' && available);
const suite = describeWhere(ground !== undefined && OwnDockerd.possible);
const newName = (): string => `chaos-${randomBytes(6).toString('hex')}`;

interface Ready {
  readonly serves: readonly string[];
  readonly sessions: number;
  readonly warm: { readonly python: number };
}

suite('A hundred terminals behind a proxy', () => {
  const daemon = new OwnDockerd(['--live-restore']);
  const runners: RunnerProgram[] = [];
  const terminals: CountingTerminal[] = [];
  const ended: CountingTerminal[] = [];
  let proxy: ProxyProcess;

  const runner = (index: number): RunnerProgram => {
    const found = runners[index];
    if (found === undefined) throw new Error(`there is no runner ${index}`);
    return found;
  };
  const ready = async ({ url }: RunnerProgram): Promise<Ready> => (await (await fetch(`${url}/ready`)).json()) as Ready;
  const containers = async (): Promise<number> => (await daemon.containerStates()).length;

  async function startTerminal(): Promise<CountingTerminal> {
    const body = JSON.stringify({ language: 'python', startup: countingStartup });
    const answer = await fetch(new URL('/repl', proxy.url), { method: 'POST', headers, body });
    const started = (await answer.json()) as { id: string };
    expect([answer.status, started]).toMatchObject([201, { state: 'running' }]);
    const terminal = new CountingTerminal(started.id, `${proxy.url.origin.replace('http', 'ws')}/repl/${started.id}`);
    terminals.push(terminal);
    await terminal.count(lineSeconds);
    return terminal;
  }

  async function end({ id }: CountingTerminal): Promise<void> {
    const answer = await fetch(new URL(`/repl/${id}`, proxy.url), { method: 'DELETE', headers });
    expect([answer.status, await answer.text()]).toEqual([204, '']);
  }

  /** Does it, and resolves when every terminal shows lines that were printed afterwards. */
  async function survive(disturbance: () => Promise<void>): Promise<void> {
    await disturbance();
    const before = new Map(terminals.map((terminal) => [terminal, terminal.lines]));
    const behind = (): CountingTerminal[] =>
      terminals.filter((each) => !each.isOpen || each.lines < (before.get(each) ?? 0) + linesAfter);
    const faults = (): (string | null)[] => terminals.map(({ fault, ending }) => fault ?? ending?.code ?? null);
    await eventually(
      () => `${behind().length} terminals, the first of them ${JSON.stringify(behind()[0])}`,
      () => behind().length === 0 || faults().some((fault) => fault !== null),
    );
    expect(faults().filter((fault) => fault !== null)).toEqual([]);
  }

  beforeAll(async () => {
    await daemon.start();
    await daemon.load(`repl_runner/python:${ground?.env.REPL_RUNNER_IMAGE_TAG ?? 'latest'}`);
    for (let index = 0; index < 4; index += 1) {
      runners.push(
        await RunnerProgram.start({
          ...ground?.env,
          DOCKER_HOST: `unix://${daemon.socketPath}`,
          REPL_RUNNER_REPLICA: newName(),
          REPL_RUNNER_API_TOKEN: token,
          REPL_RUNNER_POOL: `python=${poolSize}:${poolSize}`,
          REPL_RUNNER_DRAIN_SECONDS: drainSeconds,
        }),
      );
    }
    const replicas = runners.map(({ url }) => url).join(',');
    proxy = await ProxyProcess.start({ REPL_PROXY_REPLICAS: replicas, REPL_PROXY_API_TOKEN: token });
    // The fourth has only had its port chosen; it comes back later, as one that is added.
    await runner(3).stop();
  });

  afterAll(async () => {
    for (const terminal of [...terminals, ...ended]) terminal.close();
    await Promise.all(runners.map((each) => each.kill()));
    await proxy.stop();
    await daemon.remove();
  });

  it(
    'begin to count lines, spread over three runners',
    async () => {
      const more = async (): Promise<void> => {
        while (terminals.length < terminalCount) await startTerminal();
      };
      await Promise.all(Array.from({ length: startsAtOnce }, more));
      expect(terminals.length).toBeGreaterThanOrEqual(terminalCount);
      for (const each of runners.slice(0, 3)) expect((await ready(each)).sessions).toBeGreaterThan(terminalCount / 6);
    },
    startedWithinMs,
  );

  it('go on when a runner is added, which takes new sessions', async () => {
    await survive(async () => {
      await runner(3).start();
      const isThere = async (): Promise<boolean> => {
        await startTerminal();
        return (await ready(runner(3))).sessions > 0;
      };
      await eventually('a session at the new runner', isThere);
    });
  });

  it('go on when a runner is drained and stopped', async () => {
    await survive(async () => {
      const answer = await fetch(`${runner(0).url}/drain`, { method: 'POST', headers });
      expect(answer.status).toBe(202);
      await eventually('an empty runner', async () => (await ready(runner(0))).sessions === 0);
      await runner(0).stop();
    });
  });

  it('go on when a runner is killed and started again', async () => {
    await survive(async () => {
      await runner(1).kill();
      await runner(1).start();
    });
  });

  it('go on when a runner is killed and its successor has another name', async () => {
    await survive(async () => {
      await runner(2).kill();
      await runner(2).start({ REPL_RUNNER_REPLICA: newName() });
    });
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('stay open when the daemon is restarted by %s', async (signal) => {
    const connects = terminals.map((each) => each.connects);
    await survive(async () => {
      // What is made as the daemon goes may be left for a minute, until it is swept.
      const warm = async (each: RunnerProgram): Promise<number> => (await ready(each)).warm.python;
      for (const each of runners.slice(1)) await untilEqual(() => warm(each), poolSize);
      await daemon.end(signal);
      await daemon.start();
    });
    expect(terminals.map((each) => each.connects)).toEqual(connects);
  });

  it('tell whose sandbox was destroyed, whose session was deleted and whose REPL has ended', async () => {
    ended.push(...terminals.splice(0, 3));
    const [destroyed, deleted, left] = ended;
    if (destroyed === undefined || deleted === undefined || left === undefined) throw new Error('too few terminals');
    await daemon.docker.getContainer(`repl_${destroyed.id.split('.')[1] ?? ''}`).remove({ force: true });
    await end(deleted);
    await left.stop();
    await left.leave();
    await eventually('two ends', () => destroyed.ending !== null && deleted.ending !== null);
    expect([destroyed.ending?.code, deleted.ending?.code]).toEqual(['sandbox_lost', 'deleted']);
    expect(left).toMatchObject({ exit: { outcome: 'ok', exitCode: 0 }, ending: null, fault: null });
    expect(left.lines).toBe(left.total);
    await end(left);
    await survive(() => Promise.resolve());
  });

  it('have shown every line once', async () => {
    await Promise.all(terminals.map((each) => each.stop()));
    expect(terminals.length).toBeGreaterThanOrEqual(terminalCount - 3);
    expect(terminals.map(({ fault }) => fault).filter((fault) => fault !== null)).toEqual([]);
    expect(terminals.map(({ lines }) => lines)).toEqual(terminals.map(({ total }) => total));
  });

  it('leave nothing behind', async () => {
    for (const terminal of terminals) terminal.close();
    for (const terminal of terminals) await end(terminal);
    for (const each of runners.slice(1)) expect((await ready(each)).sessions).toBe(0);
    await Promise.all(runners.map((each) => each.stop()));
    await untilEqual(containers, 0);
  });
});
