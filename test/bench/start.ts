/** From `POST /repl` to the first prompt at a websocket client, against bare python3 and `docker run` in the same run. */
import { existsSync } from 'node:fs';
import { pack } from 'tar-stream';
import type { WebSocket } from 'ws';
import { bareTimes, timesOf } from './bare-times.js';
import { runnerSettings, type BenchDriver } from './driver.js';
import { figure, quantile, timesFigure, type Figure } from './figure.js';
import { RunnerProcess } from './runner-process.js';
import { step } from './step.js';

const warmRounds = 80;
/** Of a pool of four: the second comes long before the pool fills itself again, and what fills it disturbs neither. */
const warmAtATime = 2;
const coldRounds = 16;
/** Ours and Docker's take turns of this many, so that both see the same machine. */
const coldInTurn = 4;
const warmUpRounds = 4;

const hardened = [
  ...['--network=none', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--read-only', '--log-driver=none'],
  ...['--tmpfs=/sandbox:exec', '--tmpfs=/tmp', '--memory=512m', '--pids-limit=128', '--cpus=1'],
];

async function archive(): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: 'hiker.py' }, `answer = 42\n${'# '.padEnd(1000, 'x')}\n`);
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Some starts one after the other, ended when all are measured; answers the ms of each. */
async function starts(runner: RunnerProcess, body: Buffer, count: number): Promise<number[]> {
  const times: number[] = [];
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const since = performance.now();
    const session = (await runner.call('POST', '/repl?language=python', body, 'application/x-tar')) as { id: string };
    const socket = runner.attach(`/repl/${session.id}`);
    await prompted(socket);
    times.push(performance.now() - since);
    socket.close();
    ids.push(session.id);
  }
  for (const id of ids) await runner.call('DELETE', `/repl/${id}`);
  return times;
}

function prompted(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = '';
    socket.on('message', (data: Buffer) => {
      seen += data.toString('latin1');
      if (seen.includes('>>> ')) resolve();
    });
    socket.on('error', reject);
  });
}

interface Starts {
  readonly times: readonly number[];
  /** Where the runner's part of them goes, by stage: mean ms. */
  readonly stages: ReadonlyMap<string, number>;
}

async function warmStarts(env: Readonly<Record<string, string>>): Promise<Starts> {
  const runner = await RunnerProcess.start({ ...env, REPL_RUNNER_POOL: 'python=4:4' });
  try {
    const body = await archive();
    const times: number[] = [];
    for (let round = -warmUpRounds; round < warmRounds; round += warmAtATime) {
      await runner.untilWarm(4);
      const took = await starts(runner, body, warmAtATime);
      if (round >= 0) times.push(...took);
    }
    return { times, stages: stagesOf((await runner.octets('/metrics')).toString()) };
  } finally {
    await runner.stop();
  }
}

/** Where the pool is empty, and `docker run`; without Docker no times of that. */
async function coldStarts(
  env: Readonly<Record<string, string>>,
  image: string,
): Promise<{ ours: number[]; dockerRun: number[] }> {
  const runner = await RunnerProcess.start({ ...env, REPL_RUNNER_POOL: 'python=0:0' });
  const command = ['docker', 'run', '--rm', '-it', '--entrypoint=', ...hardened, image, 'python3'];
  const hasDocker = existsSync('/var/run/docker.sock');
  try {
    const body = await archive();
    const [ours, dockerRun]: [number[], number[]] = [[], []];
    await starts(runner, body, warmUpRounds);
    while (ours.length < coldRounds) {
      for (let n = 0; n < coldInTurn; n += 1) ours.push(...(await starts(runner, body, 1)));
      if (hasDocker) dockerRun.push(...timesOf('prompt_times.py', command, [], coldInTurn));
    }
    return { ours, dockerRun };
  } finally {
    await runner.stop();
  }
}

function stagesOf(metrics: string): Map<string, number> {
  const read = (suffix: string, stage: string): number =>
    Number(
      new RegExp(`^repl_runner_start_seconds_${suffix}\\{[^}]*stage="${stage}"[^}]*\\} (\\S+)$`, 'm').exec(
        metrics,
      )?.[1],
    );
  return new Map(
    ['read', 'claim', 'prepare'].map((stage) => [stage, (read('sum', stage) / read('count', stage)) * 1000]),
  );
}

export async function benchStart(driver: BenchDriver, tag: string): Promise<Figure[]> {
  const image = `repl_runner/python:${tag}`;
  const env = runnerSettings(driver, tag);
  const program = driver === 'docker' ? 'python3' : '/usr/bin/python3';
  const bareStarts = await step('bare python3, 40 times', () => bareTimes(driver, image, 'prompt_times.py', [program]));
  const { times: warm, stages } = await step(`${warmRounds} starts with a full pool`, () => warmStarts(env));
  const { ours: cold, dockerRun } = await step(`${coldRounds} starts with none waiting, and docker run`, () =>
    coldStarts(env, image),
  );
  const bare = quantile(bareStarts, 0.5);
  const figures = [
    timesFigure(`${driver}_bare_python_p50`, bareStarts, 0.5),
    timesFigure(`${driver}_start_warm_p50`, warm, 0.5),
    timesFigure(`${driver}_start_warm_p95`, warm, 0.95),
    timesFigure(`${driver}_start_cold_p50`, cold, 0.5),
    ...[...stages].map(([stage, ms]) => figure(`${driver}_start_warm_${stage}_mean`, ms, 'ms')),
    figure(`${driver}_start_warm_p50_ratio`, quantile(warm, 0.5) / bare, '× bare python3', {
      atMost: driver === 'docker' ? 0.25 : 0.2,
    }),
    figure(`${driver}_start_warm_p95_ratio`, quantile(warm, 0.95) / bare, '× bare python3', { atMost: 0.5 }),
  ];
  if (dockerRun.length === 0) return figures;
  return [
    ...figures,
    timesFigure(`${driver}_docker_run_p50`, dockerRun, 0.5),
    figure(`${driver}_start_cold_p50_ratio`, quantile(cold, 0.5) / quantile(dockerRun, 0.5), '× docker run', {
      atMost: 1.15,
    }),
  ];
}
