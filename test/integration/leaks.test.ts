/**
 * Sessions come and go behind a proxy, faster than any day has them: containers, descriptors, sockets and memory of runner
 * and proxy are afterwards what they were. Half a minute of it here; `npm run test:leaks` takes five, and prints the figures.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import Docker from 'dockerode';
import { describeWhere } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { grounds } from '../support/grounds.js';
import { figuresOf, measurable, type ProcessFigures } from '../support/process-figures.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { Random } from '../support/random.js';
import { RunnerProgram } from '../support/runner-program.js';
import { untilEqual } from '../support/until-equal.js';
import { visit } from '../support/visit.js';

/** After the first of the rounds code is compiled, pools and caches have their size: the others are compared with it. */
const rounds = 3;
const seconds = Number(process.env.REPL_TEST_LEAK_SECONDS ?? 30);
const visitorsAtOnce = 4;
const poolSize = 4;
const mib = 1024 * 1024;
/** An ended session's ids are remembered, up to 10,000 of them; about as much as that costs. */
const bytesPerSession = 1024;
/** Caches, compiled code, metrics with labels that had not been seen before. */
const slackBytes = 3 * mib;
/** The kernel counts what the allocator keeps for itself as well. */
const residentSlackBytes = 48 * mib;
/** Connections that are kept for the next call, to the daemon and from the proxy. */
const idleConnections = 16;

const ground = grounds.find(({ name, available }) => name === 'docker trixie' && available);
const suite = describeWhere(ground !== undefined);

interface Measured {
  readonly sessions: number;
  readonly containers: number;
  readonly runner: ProcessFigures;
  readonly proxy: ProcessFigures;
}

suite(`${seconds} seconds of visitors`, () => {
  const docker = new Docker();
  const replica = `leaks-${randomBytes(6).toString('hex')}`;
  const random = new Random(20_261_121);
  let runner: RunnerProgram;
  let proxy: ProxyProcess;
  let sessions = 0;

  const listed = (): Promise<Docker.ContainerInfo[]> =>
    docker.listContainers({ all: true, filters: { label: [`repl_runner.replica=${replica}`] } });
  const containers = async (): Promise<number> => (await listed()).length;

  async function churn(): Promise<void> {
    const until = performance.now() + (seconds / rounds) * 1000;
    const visitor = async (): Promise<void> => {
      while (performance.now() < until) {
        await visit(proxy, random);
        sessions += 1;
      }
    };
    await Promise.all(Array.from({ length: visitorsAtOnce }, visitor));
  }

  /** Once nobody is there any more. */
  async function measure(): Promise<Measured> {
    let seen = {};
    // Nobody knows the id of a session whose visitor broke off while the answer was on its way: it ends for idleness.
    const isQuiet = async (): Promise<boolean> => {
      seen = await runner.call('GET', '/ready');
      const { sessions: live, warm } = seen as { sessions: number; warm: { python: number } };
      return live === 0 && warm.python === poolSize;
    };
    await eventually(() => `an empty runner: ${JSON.stringify(seen)}`, isQuiet);
    await untilEqual(containers, poolSize);
    return {
      sessions,
      containers: await containers(),
      runner: await figuresOf(runner),
      proxy: await figuresOf(proxy),
    };
  }

  function expectFlat(before: ProcessFigures, after: ProcessFigures, more: number): void {
    expect(after.held).toBeLessThan(before.held + slackBytes + more * bytesPerSession);
    expect(after.resident).toBeLessThan(before.resident + residentSlackBytes);
    expect(after.sockets).toBeLessThanOrEqual(before.sockets + idleConnections);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + idleConnections);
  }

  beforeAll(async () => {
    runner = await RunnerProgram.start({
      ...ground?.env,
      ...measurable,
      REPL_RUNNER_REPLICA: replica,
      REPL_RUNNER_POOL: `python=${poolSize}:${poolSize}`,
      REPL_RUNNER_DETACH_GRACE_SECONDS: '20',
      REPL_RUNNER_IDLE_SECONDS: '20',
    });
    proxy = await ProxyProcess.start({ ...measurable, REPL_PROXY_REPLICAS: runner.url });
  });
  afterAll(async () => {
    await proxy.stop();
    await runner.stop();
    for (const { Id } of await listed()) await docker.getContainer(Id).remove({ force: true });
  });

  it(
    'leave everything as it was',
    async () => {
      const measured: Measured[] = [];
      for (let round = 0; round < rounds; round += 1) {
        await churn();
        measured.push(await measure());
        if (process.env.REPL_TEST_LEAK_SECONDS !== undefined) {
          process.stdout.write(`${JSON.stringify(measured.at(-1))}\n`);
        }
      }
      const [before] = measured;
      const after = measured.at(-1);
      if (before === undefined || after === undefined) throw new Error('nothing was measured');
      expect(after.sessions).toBeGreaterThan(before.sessions);
      expect(after.containers).toBe(poolSize);
      expectFlat(before.runner, after.runner, after.sessions - before.sessions);
      expectFlat(before.proxy, after.proxy, after.sessions - before.sessions);
    },
    (seconds + rounds * 60 + 90) * 1000,
  );
});
