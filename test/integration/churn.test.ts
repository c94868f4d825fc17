/** 200 sessions started and ended on each driver leave nothing behind: no container, process, cgroup or descriptor. */
import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeOnEach } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { grounds, type Ground } from '../support/grounds.js';
import { RunningService } from '../support/running-service.js';
import { untilEqual } from '../support/until-equal.js';

const sessions = 200;
const atOnce = 4;
const poolSize = 8;
/** Connections that the test's own client and the daemon's keep alive. */
const idleConnections = 12;

function countDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

function countMounts(): number {
  return readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length;
}

/** Resolves when the pool is full, so that two counts of descriptors are comparable. */
async function untilFull(runner: RunningService): Promise<void> {
  await untilEqual(async () => {
    const { body } = await runner.call('GET', '/ready');
    return (body as { warm: { python: number } }).warm.python;
  }, poolSize);
}

async function startAndEnd(runner: RunningService): Promise<string> {
  const { session, terminal } = await runner.prompt({ files: { 'hiker.py': 'answer = 42\n' } });
  const { status } = await runner.call('DELETE', `/repl/${session.id}`);
  const { code } = await terminal.closed;
  return `${status} ${code}`;
}

async function churn(runner: RunningService, count: number): Promise<string[]> {
  const outcomes: string[] = [];
  const worker = async (): Promise<void> => {
    while (outcomes.length < count) outcomes.push(await startAndEnd(runner));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return outcomes;
}

function suite(ground: Ground): void {
  let runner: RunningService;
  beforeAll(async () => {
    const env = { REPL_RUNNER_POOL: `python=${poolSize}:${poolSize}` };
    runner = await RunningService.start({ ...ground.env, ...env });
  });
  afterAll(async () => {
    await runner.stop();
  });

  it('are as if they had never been', async () => {
    await churn(runner, 20);
    await untilFull(runner);
    const before = { descriptors: countDescriptors(), mounts: countMounts() };
    const outcomes = await churn(runner, sessions);
    expect(outcomes.filter((outcome) => outcome !== '204 4002')).toEqual([]);
    expect((await runner.call('GET', '/repl')).body).toMatchObject({ sessions: [] });
    await untilFull(runner);
    expect(countDescriptors()).toBeLessThanOrEqual(before.descriptors + idleConnections);
    // Of the whole machine: others' containers come and go.
    await eventually('no more mounts', () => countMounts() <= before.mounts + 1);
  }, 300_000);
}

describeOnEach(
  grounds.filter(({ name }) => ['docker bookworm', 'bubblewrap host'].includes(name)),
  `${sessions} sessions on`,
  suite,
);
