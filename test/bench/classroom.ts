/**
 * A lesson: thirty clients at once, for two minutes, each with a session that it starts anew every half minute, and in which
 * it imports its file at the prompt, runs a program and has a function evaluated, one after the other with little thought in
 * between. Nothing may fail; how long each of these takes is told.
 */
import { runnerSettings, type BenchDriver } from './driver.js';
import { figure, quantile, type Figure } from './figure.js';
import { RunnerProcess } from './runner-process.js';
import { step } from './step.js';
import { WebsocketTty } from './websocket-tty.js';

const clients = 30;
const lessonMs = 120_000;
const sessionMs = 30_000;
const thoughtMs = 1_000;
/** Warm sandboxes, as docs/scaling.md says it: one for each who may come at the same moment. */
const pool = `python=${clients}:${clients}`;
/** Whoever waits longer than this has been let down. */
const patienceMs = 30_000;

const actions = ['start', 'import', 'run', 'evaluate'] as const;
type Action = (typeof actions)[number];

interface Lesson {
  readonly times: Readonly<Record<Action, number[]>>;
  readonly failures: string[];
}

const hiker = 'def answer(times=1):\n    return 6 * 7 * times\n';

async function call(runner: RunnerProcess, path: string, body: object): Promise<Record<string, unknown>> {
  return (await runner.call('POST', path, Buffer.from(JSON.stringify(body)))) as Record<string, unknown>;
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

async function inTime<T>(action: Action, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const letDown = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, patienceMs, new Error(`${action}: nothing for ${patienceMs} ms`));
  });
  return await Promise.race([work, letDown]).finally(() => {
    clearTimeout(timer);
  });
}

const thought = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, thoughtMs));

/** One client's session, from its start to its end. */
async function attend(runner: RunnerProcess, { times }: Lesson, until: number): Promise<void> {
  const take = async <T>(action: Action, work: () => Promise<T>): Promise<T> => {
    const since = performance.now();
    const made = await inTime(action, work());
    times[action].push(performance.now() - since);
    return made;
  };
  const { id, tty } = await take('start', () => start(runner));
  try {
    while (performance.now() < until) {
      await take('import', () => importAtPrompt(tty));
      await thought();
      await take('run', () => runProgram(runner, id));
      await thought();
      await take('evaluate', () => evaluate(runner, id));
      await thought();
    }
  } finally {
    await tty.close();
    await runner.call('DELETE', `/repl/${id}`);
  }
}

async function start(runner: RunnerProcess): Promise<{ id: string; tty: WebsocketTty }> {
  const { id } = (await call(runner, '/repl', { language: 'python', files: { 'hiker.py': hiker } })) as { id: string };
  const tty = new WebsocketTty(runner.attach(`/repl/${id}`, 'repl.v1'));
  await tty.until('>>> ');
  return { id, tty };
}

async function importAtPrompt(tty: WebsocketTty): Promise<void> {
  tty.type('import hiker; hiker.answer(1000)\r');
  await tty.until('42000');
  await tty.until('>>> ');
}

async function runProgram(runner: RunnerProcess, id: string): Promise<void> {
  const argv = ['python3', '-c', 'import hiker; print(hiker.answer())'];
  const ran = await call(runner, `/repl/${id}/run`, { argv });
  demand((ran.stdout as { content: string }).content === '42\n', `run: ${JSON.stringify(ran)}`);
}

async function evaluate(runner: RunnerProcess, id: string): Promise<void> {
  const io_cases = [1, 2, 3].map((times) => ({ input: { kwargs: { times } }, output: 42 * times }));
  const evaluated = await call(runner, `/repl/${id}/evaluate`, { code: hiker, entry_point: 'answer', io_cases });
  demand(evaluated.passed === true, `evaluate: ${JSON.stringify(evaluated)}`);
}

async function holdLesson(runner: RunnerProcess): Promise<Lesson> {
  const lesson: Lesson = { times: { start: [], import: [], run: [], evaluate: [] }, failures: [] };
  const until = performance.now() + lessonMs;
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      const sessionUntil = Math.min(until, performance.now() + sessionMs);
      await attend(runner, lesson, sessionUntil).catch((error: unknown) => lesson.failures.push(String(error)));
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return lesson;
}

export async function benchClassroom(driver: BenchDriver, tag: string): Promise<Figure[]> {
  const runner = await RunnerProcess.start({ ...runnerSettings(driver, tag), REPL_RUNNER_POOL: pool });
  try {
    await step(`${clients} warm sandboxes`, () => runner.untilWarm(clients));
    const { times, failures } = await step(`a lesson of ${lessonMs / 1000} s`, () => holdLesson(runner));
    for (const failure of new Set(failures)) process.stderr.write(`${driver} classroom: ${failure}\n`);
    return [
      figure(`${driver}_classroom_errors`, failures.length, 'errors', { atMost: 0 }),
      figure(`${driver}_classroom_rounds`, times.evaluate.length, `in ${lessonMs / 1000} s`, { atLeast: clients }),
      ...actions.flatMap((action) => [
        figure(`${driver}_classroom_${action}_p50`, quantile(times[action], 0.5), 'ms'),
        figure(`${driver}_classroom_${action}_p95`, quantile(times[action], 0.95), 'ms'),
      ]),
    ];
  } finally {
    await runner.stop();
  }
}
