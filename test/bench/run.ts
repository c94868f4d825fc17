/** `python3 -c pass`: as a run in a session, as a run on its own, spawned outside, and by `docker exec` and `docker run`. */
import { BareContainer } from './bare-container.js';
import { bareTimes } from './bare-times.js';
import { runnerSettings, type BenchDriver } from './driver.js';
import { figure, quantile, timesFigure, type Figure } from './figure.js';
import { RunnerProcess } from './runner-process.js';
import { step } from './step.js';
import { timed } from './timed.js';

const rounds = 150;
const onceRounds = 24;
const referenceRounds = 12;
const argv = ['python3', '-c', 'pass'] as const;

interface Answer {
  readonly outcome: string;
}

async function run(runner: RunnerProcess, path: string, extra: object): Promise<void> {
  const { outcome } = (await runner.call('POST', path, Buffer.from(JSON.stringify({ ...extra, argv })))) as Answer;
  if (outcome !== 'ok') throw new Error(`POST ${path}: ${outcome}`);
}

/** From every full pool one. */
async function onceTimes(runner: RunnerProcess): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < onceRounds; round += 1) {
    await runner.untilWarm(2);
    const since = performance.now();
    await run(runner, '/run', { language: 'python' });
    times.push(performance.now() - since);
  }
  return times;
}

async function dockerTimes(container: BareContainer): Promise<{ exec: number[]; run: number[] }> {
  const exec = (): void => {
    container.exec(argv);
  };
  const runAnew = (): void => {
    container.runAnew(argv);
  };
  return { exec: await timed(referenceRounds, exec, 1), run: await timed(referenceRounds, runAnew, 1) };
}

export async function benchRun(driver: BenchDriver, tag: string): Promise<Figure[]> {
  const image = `repl_runner/python:${tag}`;
  const program = driver === 'docker' ? 'python3' : '/usr/bin/python3';
  // Before and after, so that both see the same machine.
  const spawnsOutside = (): number[] => bareTimes(driver, image, 'spawn_times.py', [program, '-c', 'pass']);
  const runner = await RunnerProcess.start({ ...runnerSettings(driver, tag), REPL_RUNNER_POOL: 'python=2:2' });
  try {
    const { id } = (await runner.call('POST', '/repl', Buffer.from('{"language": "python"}'))) as { id: string };
    const before = await step('the same spawn outside, 40 times before', spawnsOutside);
    const inside = await step(`${rounds} runs in a session`, () =>
      timed(rounds, () => run(runner, `/repl/${id}/run`, {})),
    );
    const outside = [...before, ...(await step('and 40 times behind', spawnsOutside))];
    await runner.call('DELETE', `/repl/${id}`);
    const once = await step(`${onceRounds} runs on their own`, () => onceTimes(runner));
    const reference = await step(`docker exec and docker run, ${referenceRounds} times each`, () =>
      BareContainer.during(image, dockerTimes),
    );
    const p50 = (times: readonly number[]): number => quantile(times, 0.5);
    return [
      timesFigure(`${driver}_spawn_outside_p50`, outside, 0.5),
      timesFigure(`${driver}_run_p50`, inside, 0.5),
      figure(`${driver}_run_p50_ratio`, p50(inside) / p50(outside), '× the same spawn outside', { atMost: 1.3 }),
      timesFigure(`${driver}_run_once_p50`, once, 0.5),
      ...(reference === null
        ? []
        : [
            timesFigure(`${driver}_docker_exec_p50`, reference.exec, 0.5),
            timesFigure(`${driver}_docker_run_p50`, reference.run, 0.5),
            figure(`${driver}_run_p50_of_docker_exec`, p50(inside) / p50(reference.exec), '× docker exec'),
            figure(`${driver}_run_once_p50_of_docker_run`, p50(once) / p50(reference.run), '× docker run'),
          ]),
    ];
  } finally {
    await runner.stop();
  }
}
