/** A hundred trivial cases in one evaluation, side by side with what a `docker exec` for each case takes in the same run. */
import { BareContainer } from './bare-container.js';
import { runnerSettings, type BenchDriver } from './driver.js';
import { figure, quantile, timesFigure, type Figure } from './figure.js';
import { RunnerProcess } from './runner-process.js';
import { step } from './step.js';
import { timed } from './timed.js';

const cases = 100;
const rounds = 8;
/** The hundred of them would take as long as all the rest: a few tell what one takes. */
const referenceCases = 20;
const code = 'def add(a, b):\n    return a + b\n';

interface Answer {
  readonly passed: boolean;
}

function body(extra: object): Buffer {
  const io_cases = Array.from({ length: cases }, (_, n) => ({ input: `a=${n}, b=1`, output: n + 1 }));
  return Buffer.from(JSON.stringify({ ...extra, code, entry_point: 'add', io_cases }));
}

async function evaluated(runner: RunnerProcess, path: string, extra: object): Promise<number> {
  await runner.untilWarm(1);
  const since = performance.now();
  const { passed } = (await runner.call('POST', path, body(extra))) as Answer;
  if (!passed) throw new Error(`POST ${path}: not every case has passed`);
  return performance.now() - since;
}

async function evaluations(runner: RunnerProcess): Promise<{ once: number[]; inSession: number[] }> {
  const { id } = (await runner.call('POST', '/repl', Buffer.from('{"language": "python"}'))) as { id: string };
  const [once, inSession]: [number[], number[]] = [[], []];
  for (let round = -1; round < rounds; round += 1) {
    const times = [
      await evaluated(runner, '/evaluate', { language: 'python' }),
      await evaluated(runner, `/repl/${id}/evaluate`, {}),
    ] as const;
    if (round < 0) continue;
    once.push(times[0]);
    inSession.push(times[1]);
  }
  await runner.call('DELETE', `/repl/${id}`);
  return { once, inSession };
}

/** A program in a running container for each case, one after the other. */
function dockerExec(container: BareContainer): Promise<number[]> {
  let n = 0;
  const one = (): void => {
    container.exec(['python3', '-c', `${code}print(add(${(n += 1)}, 1))`]);
  };
  return timed(referenceCases, one, 1);
}

export async function benchEvaluate(driver: BenchDriver, tag: string): Promise<Figure[]> {
  const runner = await RunnerProcess.start({ ...runnerSettings(driver, tag), REPL_RUNNER_POOL: 'python=2:2' });
  try {
    const { once, inSession } = await step(`${cases} cases, ${rounds} times, on their own and in a session`, () =>
      evaluations(runner),
    );
    const reference = await step(`docker exec of one case, ${referenceCases} times`, () =>
      BareContainer.during(`repl_runner/python:${tag}`, dockerExec),
    );
    return [
      timesFigure(`${driver}_evaluate_100_cases_ms`, once, 0.5, { atMost: 1000 }),
      timesFigure(`${driver}_evaluate_100_cases_in_session_ms`, inSession, 0.5, { atMost: 1000 }),
      ...(reference === null
        ? []
        : [
            timesFigure(`${driver}_docker_exec_case_p50`, reference, 0.5),
            figure(
              `${driver}_evaluate_100_cases_ratio`,
              quantile(once, 0.5) / (cases * quantile(reference, 0.5)),
              '× 100 docker exec',
            ),
          ]),
    ];
  } finally {
    await runner.stop();
  }
}
