/**
 * What a replica costs as it fills: the start of one more session beside 1, 50, 200 and 500 live ones, the runner's memory
 * for each idle one, and how many starts a second it keeps up, against the engine's own rate, while somebody types.
 */
import { availableParallelism } from 'node:os';
import Docker from 'dockerode';
import { newSessionId } from '../../src/ids.js';
import { containerOptions } from '../../src/sandbox/docker/container-options.js';
import { seccompProfileText } from '../../src/sandbox/seccomp/seccomp-profile.js';
import { specFor } from './container-spec.js';
import { figuresOf, measurable } from '../support/process-figures.js';
import { runnerSettings, type BenchDriver } from './driver.js';
import { figure, quantile, timesFigure, type Figure } from './figure.js';
import { RunnerProcess } from './runner-process.js';
import { step } from './step.js';
import { pause } from './terminal-work.js';
import { WebsocketTty } from './websocket-tty.js';

const liveSteps = [1, 50, 200, 500] as const;
const startRounds = 30;
/** What the pool keeps, and what is there when a start finds it being refilled. */
const [fullPool, halfPool] = [8, 4];
const growthAtOnce = 4;
const sustainedMs = 30_000;
const keyGapMs = 20;
const idleSessionBytes = 64 * 1024;
const mostGrowth = 1.5;
const leastOfEngine = 0.9;

interface Live {
  readonly id: string;
  readonly tty: WebsocketTty;
}

async function start(runner: RunnerProcess): Promise<Live> {
  const session = (await runner.call('POST', '/repl', Buffer.from('{"language":"python"}'))) as { id: string };
  const tty = new WebsocketTty(runner.attach(`/repl/${session.id}`, 'repl.v1'));
  await tty.until('>>> ');
  return { id: session.id, tty };
}

async function end(runner: RunnerProcess, { id, tty }: Live): Promise<void> {
  await tty.close();
  await runner.call('DELETE', `/repl/${id}`);
}

/** Does it until it has been done `count` times, a few at once. */
async function repeat(count: number, atOnce: number, act: () => Promise<void>): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await act();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Each once so many sandboxes are warm. */
async function startTimes(runner: RunnerProcess, warm: number): Promise<number[]> {
  const times: number[] = [];
  for (let round = -5; round < startRounds; round += 1) {
    await runner.untilWarm(warm);
    const since = performance.now();
    const live = await start(runner);
    if (round >= 0) times.push(performance.now() - since);
    await end(runner, live);
  }
  return times;
}

/** What the runner takes for one more start, and holds, beside 1, 50, 200 and 500 sessions; leaves one of them. */
async function growthFigures(driver: BenchDriver, runner: RunnerProcess, live: Live[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  const medians = new Map<number, number>();
  const heldBytes = new Map<number, number>();
  const beside1: number[] = [];
  for (const count of liveSteps) {
    await step(`${count} sessions`, async () => {
      await repeat(count - live.length, growthAtOnce, async () => {
        live.push(await start(runner));
      });
    });
    const full = await step(`${startRounds} starts beside ${count}`, () => startTimes(runner, fullPool));
    const refilling = await step(`${startRounds} more while the pool is refilled`, () => startTimes(runner, halfPool));
    const { held } = await figuresOf(runner.process);
    if (count === 1) beside1.push(...full);
    medians.set(count, quantile(full, 0.5));
    heldBytes.set(count, held);
    figures.push(
      timesFigure(`${driver}_start_p50_beside_${count}`, full, 0.5),
      timesFigure(`${driver}_start_p95_beside_${count}`, full, 0.95),
      timesFigure(`${driver}_start_p50_refilling_beside_${count}`, refilling, 0.5),
      figure(`${driver}_held_bytes_beside_${count}`, held, 'bytes'),
    );
  }
  const [, from, , most] = liveSteps;
  await step('their ends', () => endAllBut1(runner, live));
  // Once more, since what the machine gives changes within the minutes that it took to fill it.
  beside1.push(...(await step(`${startRounds} starts beside 1`, () => startTimes(runner, fullPool))));
  const growth = (medians.get(most) ?? NaN) / quantile(beside1, 0.5);
  // From the second step on: by then the runner's code is compiled.
  const sessionBytes = ((heldBytes.get(most) ?? NaN) - (heldBytes.get(from) ?? NaN)) / (most - from);
  return [
    ...figures,
    figure(`${driver}_start_p50_growth_${most}`, growth, '× beside 1, before and after', { atMost: mostGrowth }),
    figure(`${driver}_idle_session_bytes`, sessionBytes, 'bytes', { atMost: idleSessionBytes }),
  ];
}

async function endAllBut1(runner: RunnerProcess, live: Live[]): Promise<void> {
  await repeat(live.length - 1, growthAtOnce, async () => {
    const one = live.pop();
    if (one !== undefined) await end(runner, one);
  });
}

/** How often a second `act` is done by this many workers. */
async function rate(atOnce: number, act: () => Promise<void>): Promise<number> {
  const until = performance.now() + sustainedMs;
  let done = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() < until) {
      await act();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return done / (sustainedMs / 1000);
}

/** Create, start, remove, with the options of our own containers: what the engine can do at most. */
async function engineRate(tag: string, atOnce: number): Promise<number> {
  const docker = new Docker();
  const spec = await specFor(tag);
  return await rate(atOnce, async () => {
    const identity = { ...spec.identity, sessionId: newSessionId(spec.identity.replica) };
    const options = containerOptions(
      { ...spec, identity },
      {
        seccompProfile: seccompProfileText(),
        runtime: null,
        deployment: 'bench',
        command: ['sleep', '60'],
        imageVariables: [],
        autoRemove: true,
      },
    );
    const container = await docker.createContainer(options);
    await container.start();
    await container.remove({ force: true, v: true });
  });
}

/** Times from a key to its echo for as long as `during` takes. */
async function echoDuring(tty: WebsocketTty, during: Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  const over = new AbortController();
  const ended = during.finally(() => {
    over.abort();
  });
  for (let key = 1; !over.signal.aborted; key += 1) {
    await pause(keyGapMs);
    const since = performance.now();
    tty.type('x');
    await tty.until('x');
    times.push(performance.now() - since);
    if (key % 40 === 0) tty.type('\x15');
  }
  await ended;
  return times;
}

/** Starts and ends as fast as they go, against the engine's own rate, while somebody types. */
async function sustainedFigures(
  driver: BenchDriver,
  runner: RunnerProcess,
  typist: Live,
  tag: string,
): Promise<Figure[]> {
  const atOnce = availableParallelism();
  const { starts, echo } = await step('starts and ends without a break', async () => {
    const starting = rate(atOnce, async () => {
      await end(runner, await start(runner));
    });
    return { echo: await echoDuring(typist.tty, starting), starts: await starting };
  });
  const figures = [
    figure(`${driver}_sustained_starts`, starts, 'a second'),
    timesFigure(`${driver}_echo_p99_during_starts`, echo, 0.99),
  ];
  if (driver !== 'docker') return figures;
  const engine = await step('containers without a break, by the engine alone', () => engineRate(tag, atOnce));
  return [
    ...figures,
    figure(`${driver}_engine_containers`, engine, 'a second'),
    figure(`${driver}_sustained_starts_ratio`, starts / engine, '× the engine', { atLeast: leastOfEngine }),
  ];
}

export async function benchScale(driver: BenchDriver, tag: string): Promise<Figure[]> {
  const runner = await RunnerProcess.start({
    ...runnerSettings(driver, tag),
    REPL_RUNNER_POOL: `python=${fullPool}:${fullPool}`,
    REPL_RUNNER_MAX_SESSIONS: '600',
    REPL_RUNNER_ADMISSION_WAIT_SECONDS: '60',
    ...measurable,
  });
  const live: Live[] = [];
  try {
    const figures = await growthFigures(driver, runner, live);
    const [typist] = live;
    if (typist === undefined) throw new Error('the last session is gone');
    return [...figures, ...(await sustainedFigures(driver, runner, typist, tag))];
  } finally {
    await Promise.all(live.map((one) => end(runner, one)));
    await runner.stop();
  }
}
