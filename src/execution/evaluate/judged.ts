/** From what came of the cases to the answer of an evaluation: who passes, and what is said of who does not. */
import { askChecker, type Checker, type Question, type Verdict } from './checker.js';
import { equalBy, type Comparison } from './comparison.js';
import type { CaseResult, CaseRun, Evaluation, EvaluationResult, LoadFailure } from './evaluation.js';
import type { HarnessPlace } from './harness.js';
import { parseTagged } from './tagged-value.js';

/** Hears of an evaluation while it goes on. */
export interface EvaluationListener {
  /** The sandbox is there, and the cases are about to begin. */
  onStart(): void;
  /** Each result as soon as it is known. */
  onResult(result: CaseResult, index: number): void;
}

/** Opens a fresh sandbox for a checker, and ends it when the work is done, which must heed the signal that it gets. */
export type WithChecker = <T>(
  work: (place: HarnessPlace, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

export interface JudgedCases {
  readonly evaluation: Evaluation;
  /** Runs every case in order, or resolves with why none can be run. */
  runCases(onCase: (run: CaseRun, index: number) => void): Promise<LoadFailure | null>;
  readonly withChecker: WithChecker;
  readonly listener: EvaluationListener | undefined;
}

/** Runs and judges. Rejects when aborted, or when a sandbox fails. */
export async function judgedCases(given: JudgedCases, signal: AbortSignal): Promise<EvaluationResult> {
  const { evaluation, listener } = given;
  const { judge } = evaluation;
  const runs: CaseRun[] = [];
  const results: CaseResult[] = [];
  const settle = (verdict: Verdict, index: number): void => {
    const result = resultOf(evaluation, runs, index, verdict);
    results.push(result);
    listener?.onResult(result, index);
  };
  const error = await given.runCases((run, index) => {
    runs.push(run);
    if (judge.kind === 'comparison') settle(compared(judge.comparison, expectedOf(evaluation, index), run), index);
  });
  if (error !== null) return { passed: false, results: [], error };
  if (judge.kind === 'checker') {
    const verdicts = await checked({ ...judge, totalMs: evaluation.totalMs }, given, runs, signal);
    if (!('length' in verdicts)) return { passed: false, results: [], error: verdicts };
    verdicts.forEach(settle);
  }
  return { passed: results.every(({ passed }) => passed), results, error: null };
}

function resultOf({ subject }: Evaluation, runs: readonly CaseRun[], index: number, verdict: Verdict): CaseResult {
  const run = runs[index];
  if (run === undefined) throw new RangeError('a verdict on a case that was not run');
  const { passed, message } = verdict;
  return { ...run, name: subject.cases[index]?.name ?? null, passed, message };
}

function expectedOf({ subject }: Evaluation, index: number): unknown {
  return subject.cases[index]?.expected;
}

function compared(comparison: Comparison, expected: unknown, { outcome, answer, message }: CaseRun): Verdict {
  if (outcome !== 'ok' || answer === undefined) return { passed: false, message };
  const passed = equalBy(comparison, parseTagged(expected), parseTagged(answer.value));
  return { passed, message: passed ? null : (message ?? 'This is not what was expected.') };
}

/** Asks only about cases that have an answer; the others have failed without being asked about. */
async function checked(
  checker: Checker,
  { evaluation, withChecker }: JudgedCases,
  runs: readonly CaseRun[],
  signal: AbortSignal,
): Promise<readonly Verdict[] | LoadFailure> {
  const answered = runs.flatMap((run, index) => (run.outcome === 'ok' && run.answer !== undefined ? [index] : []));
  const failed = runs.map(({ message }): Verdict => ({ passed: false, message }));
  if (answered.length === 0) return failed;
  const questions = answered.map((index) => questionOf(evaluation, runs[index], index));
  const verdicts = await withChecker((place, bounded) => askChecker(place, checker, questions, bounded), signal);
  if (!('length' in verdicts)) return { ...verdicts, message: `The checker was not loaded: ${verdicts.message}` };
  answered.forEach((index, at) => {
    failed[index] = verdicts[at] ?? { passed: false, message: 'The checker gave no verdict.' };
  });
  return failed;
}

function questionOf({ subject }: Evaluation, run: CaseRun | undefined, index: number): Question {
  const given = subject.cases[index];
  return {
    input: given?.input ?? '',
    expected: given?.expected ?? null,
    actual: run?.answer?.value ?? null,
    output: run?.output ?? '',
  };
}
