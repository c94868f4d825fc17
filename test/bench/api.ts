/** Calls on a session beside its terminal, side by side with the same work by `docker exec` in the same run. */
import { BareContainer } from './bare-container.js';
import { runnerSettings, type BenchDriver } from './driver.js';
import { figure, quantile, timesFigure, type Figure } from './figure.js';
import { RunnerProcess } from './runner-process.js';
import { step } from './step.js';
import { timed } from './timed.js';

const fileRounds = 200;
const forkRounds = 25;
/** Each takes a tenth of a second, and a fortieth of that is to be told from it. */
const referenceRounds = 12;
const octets = 'application/octet-stream';
const content = Buffer.from('# a file of 1 KiB '.repeat(57)).subarray(0, 1024);

async function started(runner: RunnerProcess): Promise<string> {
  const body = Buffer.from(JSON.stringify({ language: 'python', files: { 'hiker.py': content.toString() } }));
  return ((await runner.call('POST', '/repl', body)) as { id: string }).id;
}

async function fileTimes(runner: RunnerProcess): Promise<{ write: number[]; read: number[] }> {
  const id = await started(runner);
  const path = `/repl/${id}/files/hiker.py`;
  const write = await timed(fileRounds, () => runner.call('PUT', path, content, octets));
  const read = await timed(fileRounds, () => runner.octets(path));
  await runner.call('DELETE', `/repl/${id}`);
  return { write, read };
}

/** Starts and forks of a session with one small file, one of each from every full pool. */
async function forkTimes(runner: RunnerProcess): Promise<{ start: number[]; fork: number[] }> {
  const id = await started(runner);
  const forked = async (): Promise<string> => ((await runner.call('POST', `/repl/${id}/fork`)) as { id: string }).id;
  const start = { make: () => started(runner), times: [] as number[] };
  const fork = { make: forked, times: [] as number[] };
  for (let round = -3; round < forkRounds; round += 1) {
    await runner.untilWarm(2);
    const made: string[] = [];
    for (const { make, times } of round % 2 === 0 ? [start, fork] : [fork, start]) {
      const since = performance.now();
      made.push(await make());
      if (round >= 0) times.push(performance.now() - since);
    }
    for (const session of made) await runner.call('DELETE', `/repl/${session}`);
  }
  await runner.call('DELETE', `/repl/${id}`);
  return { start: start.times, fork: fork.times };
}

/** The same by a program in a running container for each call. */
async function dockerExec(container: BareContainer): Promise<{ write: number; read: number }> {
  const write = await timed(
    referenceRounds,
    () => {
      container.exec(['sh', '-c', 'cat > /sandbox/f'], content);
    },
    2,
  );
  const read = await timed(
    referenceRounds,
    () => {
      container.exec(['cat', '/sandbox/f']);
    },
    2,
  );
  return { write: quantile(write, 0.5), read: quantile(read, 0.5) };
}

export async function benchApi(driver: BenchDriver, tag: string): Promise<Figure[]> {
  const runner = await RunnerProcess.start({ ...runnerSettings(driver, tag), REPL_RUNNER_POOL: 'python=2:2' });
  try {
    const files = await step(`${fileRounds} writes and reads of a file`, () => fileTimes(runner));
    const { start, fork } = await step(`${forkRounds} starts and forks`, () => forkTimes(runner));
    const reference = await step(`docker exec of cat, ${referenceRounds} times each way`, () =>
      BareContainer.during(`repl_runner/python:${tag}`, dockerExec),
    );
    const p50 = (times: readonly number[]): number => quantile(times, 0.5);
    return [
      timesFigure(`${driver}_file_write_p50_ms`, files.write, 0.5, { atMost: 2 }),
      timesFigure(`${driver}_file_read_p50_ms`, files.read, 0.5, { atMost: 2 }),
      ...(reference === null
        ? []
        : [
            figure(`${driver}_file_write_p50_ratio`, p50(files.write) / reference.write, '× docker exec'),
            figure(`${driver}_file_read_p50_ratio`, p50(files.read) / reference.read, '× docker exec'),
          ]),
      timesFigure(`${driver}_fork_p50`, fork, 0.5),
      figure(`${driver}_fork_p50_ratio`, p50(fork) / p50(start), '× start', { atMost: 3 }),
    ];
  } finally {
    await runner.stop();
  }
}
