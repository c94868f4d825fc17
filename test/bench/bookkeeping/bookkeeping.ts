/**
 * What the runner itself spends as it fills, without sandboxes: beside 100, 2,000 and 20,000 live sessions a start, an echo, a
 * scrape and a probe, the sweep over what the driver lists, and the time and memory of sessions that do nothing. Every eighth
 * has its terminal open, since a process may not have as many sockets as that everywhere.
 */
import { figure, quantile, timesFigure, type Figure } from '../figure.js';
import { step } from '../step.js';
import { pause } from '../terminal-work.js';
import { timed } from '../timed.js';
import { WebsocketTty } from '../websocket-tty.js';
import type { Facts } from './memory-runner.js';
import { MemoryRunnerProcess } from './memory-runner-process.js';
import { sweepTimes } from './sweep.js';

const [fewest, some, most] = [100, 2_000, 20_000] as const;
const attachedOneIn = 8;
const startsAtOnce = 32;
/** More than are started while one thing is measured, so that no start waits for a sandbox. */
const warm = 300;
const rounds = 200;
const keyGapMs = 3;
/** A runner that is up for a while sweeps every 10 s. */
const idleMs = 12_000;

/** The cost of none of these may grow by more from 100 sessions to 20,000. */
const mostGrowth = 1.5;
/** Of one core, for 20,000 sessions that do nothing. */
const idleShare = 0.25;
const sessionBytes = 64 * 1024;

const actions = ['start', 'echo', 'metrics', 'ready'] as const;

interface Step {
  readonly live: number;
  readonly times: Readonly<Record<(typeof actions)[number], readonly number[]>>;
  readonly idle: Facts;
}

async function start(runner: MemoryRunnerProcess): Promise<string> {
  return ((await runner.call('POST', '/repl', Buffer.from('{"language":"python"}'))) as { id: string }).id;
}

async function attach(runner: MemoryRunnerProcess, id: string): Promise<WebsocketTty> {
  const tty = new WebsocketTty(runner.attach(`/repl/${id}`, 'repl.v1'));
  await tty.until('>>> ');
  return tty;
}

/** Starts sessions, a few at once, that stay until the runner stops. */
async function fill(runner: MemoryRunnerProcess, count: number): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const attached = left % attachedOneIn === 0;
      const id = await start(runner);
      if (attached) await attach(runner, id);
    }
  };
  await Promise.all(Array.from({ length: startsAtOnce }, worker));
}

async function startTimes(runner: MemoryRunnerProcess): Promise<number[]> {
  await runner.untilWarm(warm);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const since = performance.now();
    const id = await start(runner);
    times.push(performance.now() - since);
    await runner.call('DELETE', `/repl/${id}`);
  }
  return times;
}

async function echoTimes(runner: MemoryRunnerProcess): Promise<number[]> {
  const id = await start(runner);
  const tty = await attach(runner, id);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await pause(keyGapMs);
    const since = performance.now();
    tty.type('x');
    await tty.until('x');
    times.push(performance.now() - since);
  }
  await tty.close();
  await runner.call('DELETE', `/repl/${id}`);
  return times;
}

/** What it spends while nobody asks it for anything, in a time that has a sweep in it. */
async function idleFacts(runner: MemoryRunnerProcess): Promise<Facts> {
  await runner.facts();
  await pause(idleMs);
  return await runner.facts();
}

async function measured(runner: MemoryRunnerProcess, live: number): Promise<Step> {
  const times = {
    start: await startTimes(runner),
    echo: await echoTimes(runner),
    metrics: await timed(rounds, () => runner.octets('/metrics')),
    ready: await timed(rounds, () => runner.octets('/ready')),
  };
  return { live, times, idle: await idleFacts(runner) };
}

const busyMs = ({ cpuMs, wallMs }: Facts): number => (cpuMs / wallMs) * 1000;

function stepFigures({ live, times, idle }: Step): Figure[] {
  return [
    ...actions.map((action) => timesFigure(`${action}_p50_beside_${live}`, times[action], 0.5)),
    figure(`loop_held_at_most_beside_${live}`, idle.latestMs, 'ms'),
    figure(`idle_cpu_beside_${live}`, busyMs(idle), 'ms a second'),
    figure(`heap_beside_${live}`, idle.heapBytes, 'bytes'),
  ];
}

/** What a full runner spends against one that is nearly empty; where both have a part that sessions do not cause, against a fuller one. */
function growthFigures(first: Step, second: Step, full: Step): Figure[] {
  const bound = { atMost: mostGrowth };
  const growth = (of: (step: Step) => number, from: Step): number => of(full) / of(from);
  const each = (of: (step: Step) => number, from: Step): number => (of(full) - of(from)) / (full.live - from.live);
  const share = each(({ idle }) => busyMs(idle) / 1000, first) * full.live;
  return [
    ...actions.map((action) => {
      const grown = growth(({ times }) => quantile(times[action], 0.5), first);
      return figure(`${action}_growth_${full.live}`, grown, `× beside ${first.live}`, bound);
    }),
    figure(`idle_share_${full.live}`, share, 'of a core', { atMost: idleShare }),
    figure(
      'session_heap',
      each(({ idle }) => idle.heapBytes, second),
      'bytes',
      { atMost: sessionBytes },
    ),
  ];
}

function sweepFigures(sweeps: ReadonlyMap<number, readonly number[]>): Figure[] {
  const ofOne = (live: number): number => quantile(sweeps.get(live) ?? [], 0.5) / live;
  const growth = ofOne(most) / ofOne(some);
  return [
    ...[...sweeps].map(([live, times]) => timesFigure(`sweep_beside_${live}`, times, 0.5)),
    figure(`sweep_growth_${most}`, growth, `× beside ${some}, a session`, { atMost: mostGrowth }),
  ];
}

export async function benchBookkeeping(): Promise<Figure[]> {
  const sweeps = await step('sweeps', () => sweepTimes([some, most]));
  const runner = await MemoryRunnerProcess.open({ room: most + 2 * warm, warm });
  try {
    let live = 0;
    const upTo = async (wanted: number): Promise<Step> => {
      await step(`${wanted} sessions`, () => fill(runner, wanted - live));
      live = wanted;
      return await step(`what is done beside ${wanted}`, () => measured(runner, wanted));
    };
    const [first, second, full] = [await upTo(fewest), await upTo(some), await upTo(most)];
    return [
      ...[first, second, full].flatMap(stepFigures),
      ...growthFigures(first, second, full),
      ...sweepFigures(sweeps),
    ];
  } finally {
    await runner.stop();
  }
}
