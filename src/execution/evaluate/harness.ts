/**
 * Drives evaluate.py in a sandbox from the first case to the last. Where a case takes the harness down, that case is told
 * so and a new harness goes on with the next one, a bounded number of times. It judges no answer, and never sends what is
 * expected.
 */
import type { AgentConnection } from '../../agent/agent-connection.js';
import { caseRunOf, unreportedCase } from './case-run.js';
import type { CallInput, CaseLimits, CaseRun, LoadFailure } from './evaluation.js';
import type { CaseReport } from './harness-report.js';
import { HarnessRun, type HarnessEnd } from './harness-run.js';

/** Where a harness runs. */
export interface HarnessPlace {
  readonly connection: AgentConnection;
  /** argv of the harness in the sandbox. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface HarnessJob {
  readonly source: { readonly code: string } | { readonly file: string };
  readonly entryPoint: string;
  readonly cases: readonly { readonly input: CallInput; readonly limits: CaseLimits }[];
  readonly totalMs: number;
  /** Each case as soon as it is over, in order. */
  onCase(run: CaseRun, index: number): void;
}

/** Beyond these the cases that are left are not run. */
const maxRestarts = 8;
/** Results and outputs of all cases together, in the base64 in which they come. */
const maxReportBytes = 48 * 1024 * 1024;

/** Resolves with why the code could not be loaded, or with null when every case has been told of. Rejects when aborted. */
export async function runHarness(
  place: HarnessPlace,
  job: HarnessJob,
  signal: AbortSignal,
): Promise<LoadFailure | null> {
  const deadline = AbortSignal.timeout(job.totalMs);
  const budget = { left: maxReportBytes };
  let next = 0;
  const tell = (run: CaseRun): void => {
    job.onCase(run, next);
    next += 1;
  };
  const onCase = (report: CaseReport): void => {
    tell(caseRunOf(report));
  };
  for (let restarts = 0; next < job.cases.length; restarts += 1) {
    const run = new HarnessRun(place, job, { first: next, budget, onCase });
    const end = await run.toEnd(AbortSignal.any([signal, deadline]));
    signal.throwIfAborted();
    if (!end.loaded && restarts === 0) return end.failure;
    if (end.loaded && next < job.cases.length) tell(blamed(end));
    const verdict = givenUp(end, { late: deadline.aborted, restarts });
    while (verdict !== null && next < job.cases.length) tell(verdict);
  }
  return null;
}

/** What becomes of the case in which the harness ended. */
function blamed({ outcome, caseMs }: HarnessEnd): CaseRun {
  switch (outcome) {
    case 'wall_timeout':
      return unreportedCase(outcome, 'The function did not return, and the evaluation stood still.', caseMs);
    case 'out_of_memory':
      return unreportedCase(outcome, 'The memory of the sandbox was used up.', caseMs);
    case 'output_limit':
      return unreportedCase(outcome, 'The cases have said more than all of them may together.', caseMs);
    case 'infrastructure':
      return unreportedCase(outcome, 'The sandbox was lost in this case.', caseMs);
    default:
      return unreportedCase('ended', 'The process that evaluates was ended in this case.', caseMs);
  }
}

/** What becomes of the cases that are left when no further harness is started; null when one is. */
function givenUp(
  { outcome, loaded }: HarnessEnd,
  { late, restarts }: { late: boolean; restarts: number },
): CaseRun | null {
  if (late) return unreportedCase('infrastructure', 'It was not run: the time of the whole evaluation was over.');
  if (outcome === 'output_limit') {
    return unreportedCase(outcome, 'It was not run: the cases before it have said more than all may together.');
  }
  if (loaded && restarts < maxRestarts && outcome !== 'infrastructure') return null;
  return unreportedCase('infrastructure', 'It was not run: the cases before it took the evaluation down too often.');
}
