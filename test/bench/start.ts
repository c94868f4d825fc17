/** From `POST /repl` to the first prompt at a websocket client, against bare python3 and `docker run` in the same run. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pack } from 'tar-stream';
import { runnerSettings, type BenchDriver } from './driver.js';
import { figure, quantile, type Figure } from './figure.js';
import { RunnerProcess } from './runner-process.js';

const warmRounds = 100;
const coldRounds = 20;
const referenceRounds = 40;
// Compiled, this file is dist/test/bench/start.js, and Python files are not copied there.
const promptTimes = fileURLToPath(new URL('../../../test/bench/prompt_times.py', import.meta.url));

function timesOf(command: readonly string[], rounds: number, prefix: readonly string[] = []): number[] {
  const [program = 'python3', ...rest] = [
    ...prefix,
    '/usr/bin/python3',
    ...(prefix.length > 0 ? ['-c', readFileSync(promptTimes, 'utf8')] : [promptTimes]),
  ];
  const output = execFileSync(program, [...rest, String(rounds), ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(output.toString()) as number[];
}

const hardened = [
  ...['--network=none', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--read-only', '--log-driver=none'],
  ...['--tmpfs=/sandbox:exec', '--tmpfs=/tmp', '--memory=512m', '--pids-limit=128', '--cpus=1'],
];

/** python3 on a PTY in the same image, already inside a container: the same binary without anything around it. */
function bareTimes(driver: BenchDriver, image: string): number[] {
  if (driver === 'bubblewrap') return timesOf(['/usr/bin/python3'], referenceRounds);
  return timesOf(['python3'], referenceRounds, ['docker', 'run', '--rm', '--entrypoint=', '--network=none', image]);
}

async function archive(): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: 'hiker.py' }, `answer = 42\n${'# '.padEnd(1000, 'x')}\n`);
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

async function oneStart(runner: RunnerProcess, body: Buffer): Promise<number> {
  const since = performance.now();
  const session = (await runner.call('POST', '/repl?language=python', body, 'application/x-tar')) as { id: string };
  const socket = runner.attach(`/repl/${session.id}`);
  await new Promise<void>((resolve, reject) => {
    let seen = '';
    socket.on('message', (data: Buffer) => {
      seen += data.toString('latin1');
      if (seen.includes('>>> ')) resolve();
    });
    socket.on('error', reject);
  });
  const took = performance.now() - since;
  socket.close();
  await runner.call('DELETE', `/repl/${session.id}`);
  return took;
}

async function ourTimes(env: Readonly<Record<string, string>>, rounds: number, warm: number): Promise<number[]> {
  const runner = await RunnerProcess.start(env);
  try {
    const body = await archive();
    const times: number[] = [];
    for (let round = -5; round < rounds; round += 1) {
      await runner.untilWarm(warm);
      const took = await oneStart(runner, body);
      if (round >= 0) times.push(took);
    }
    return times;
  } finally {
    await runner.stop();
  }
}

export async function benchStart(driver: BenchDriver, tag: string): Promise<Figure[]> {
  const image = `repl_runner/python:${tag}`;
  const env = runnerSettings(driver, tag);
  const bare = quantile(bareTimes(driver, image), 0.5);
  const warm = await ourTimes({ ...env, REPL_RUNNER_POOL: 'python=4:4' }, warmRounds, 4);
  const cold = await ourTimes({ ...env, REPL_RUNNER_POOL: 'python=0:0' }, coldRounds, 0);
  const [p50, p95, cold50] = [quantile(warm, 0.5), quantile(warm, 0.95), quantile(cold, 0.5)];
  const figures = [
    figure(`${driver}_bare_python_p50`, bare, 'ms'),
    figure(`${driver}_start_warm_p50`, p50, 'ms'),
    figure(`${driver}_start_warm_p95`, p95, 'ms'),
    figure(`${driver}_start_cold_p50`, cold50, 'ms'),
    figure(`${driver}_start_warm_p50_ratio`, p50 / bare, '× bare python3', {
      atMost: driver === 'docker' ? 0.25 : 0.2,
    }),
    figure(`${driver}_start_warm_p95_ratio`, p95 / bare, '× bare python3', { atMost: 0.5 }),
  ];
  if (!existsSync('/var/run/docker.sock')) return figures;
  const run = ['docker', 'run', '--rm', '-it', '--entrypoint=', ...hardened, image, 'python3'];
  const dockerRun = quantile(timesOf(run, coldRounds), 0.5);
  return [
    ...figures,
    figure(`${driver}_docker_run_p50`, dockerRun, 'ms'),
    figure(`${driver}_start_cold_p50_ratio`, cold50 / dockerRun, '× docker run', { atMost: 1.15 }),
  ];
}
