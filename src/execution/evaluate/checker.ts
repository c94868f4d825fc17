/**
 * Asks the host's own code whether answers pass: `entry_point(input, expected, actual, output)`, in a fresh sandbox that no
 * code of the user has ever been in. Its calls are cases of the same harness.
 */
import { parseTagged, TaggedValueError, type Value } from './tagged-value.js';
import type { CallInput, CaseLimits, CaseRun, LoadFailure } from './evaluation.js';
import { runHarness, type HarnessPlace } from './harness.js';

export interface Verdict {
  readonly passed: boolean;
  readonly message: string | null;
}

/** What a checker is asked of one case, in tagged JSON. */
export interface Question {
  readonly input: CallInput;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly output: string;
}

export interface Checker {
  readonly code: string;
  readonly entryPoint: string;
  readonly totalMs: number;
}

/** Generous, since it is the host's own. */
const limits: CaseLimits = { wallMs: 10_000, cpuMs: 10_000, memoryBytes: null, outputBytes: 64 * 1024 };
const maxMessageLength = 2_000;

/** The verdicts in the order of the questions, or why the checker could not be loaded. */
export async function askChecker(
  place: HarnessPlace,
  { code, entryPoint, totalMs }: Checker,
  questions: readonly Question[],
  signal: AbortSignal,
): Promise<readonly Verdict[] | LoadFailure> {
  const verdicts: Verdict[] = [];
  const cases = questions.map(({ input, expected, actual, output }) => ({
    input: { args: [input, expected, actual, output], kwargs: {} },
    limits,
  }));
  const onCase = (run: CaseRun): void => {
    verdicts.push(verdictOf(run));
  };
  const failure = await runHarness(place, { source: { code }, entryPoint, cases, totalMs, onCase }, signal);
  return failure ?? verdicts;
}

function verdictOf({ answer, outcome, message }: CaseRun): Verdict {
  const value = answer === undefined ? null : valueOf(answer.value);
  if (value?.kind === 'bool') return { passed: value.value, message: null };
  if (value?.kind === 'dict') {
    const fields = new Map(value.entries.map(([key, item]) => [key.kind === 'str' ? key.value : '', item]));
    const [passed, said] = [fields.get('passed'), fields.get('message')];
    if (passed?.kind === 'bool') {
      return { passed: passed.value, message: said?.kind === 'str' ? said.value.slice(0, maxMessageLength) : null };
    }
  }
  const why = outcome === 'ok' ? `it answered ${answer?.repr.slice(0, 200) ?? 'nothing'}` : (message ?? outcome);
  return { passed: false, message: `The checker gave no verdict: ${why}` };
}

function valueOf(json: unknown): Value | null {
  try {
    return parseTagged(json);
  } catch (error) {
    if (error instanceof TaggedValueError) return null;
    throw error;
  }
}
