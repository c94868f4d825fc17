/** From the report on a case to its outcome in the words of docs/api.md. Pure. */
import type { RunOutcome } from '../outcome.js';
import type { CaseRun } from './evaluation.js';
import { parseCaseMessage, type CaseReport } from './harness-report.js';
import { parseTagged, TaggedValueError } from './tagged-value.js';

interface Finding {
  readonly outcome: RunOutcome;
  readonly message: string | null;
  readonly traceback?: string;
  readonly answer?: { readonly value: unknown; readonly repr: string };
}

export function caseRunOf(report: CaseReport): CaseRun {
  const { outcome, message, traceback = null, answer } = findingOf(report);
  return {
    outcome,
    ...(answer === undefined ? {} : { answer }),
    output: textOf(report.stdout),
    stderr: textOf(report.stderr),
    traceback,
    exitCode: report.exit_code,
    signal: report.signal,
    wallMs: report.wall_ms,
    cpuMs: report.cpu_ms,
    message: report.resisted ? 'Not everything that this case has started could be ended.' : message,
  };
}

/** A case of which nobody reports. */
export function unreportedCase(outcome: RunOutcome, message: string, wallMs = 0): CaseRun {
  const nothing = { output: '', stderr: '', traceback: null, exitCode: null, signal: null, cpuMs: 0 };
  return { outcome, message, wallMs, ...nothing };
}

function findingOf(report: CaseReport): Finding {
  switch (report.end) {
    case 'answered':
      return answerOf(report);
    case 'exited': {
      const message = `The process of this case ended with exit code ${report.exit_code ?? 0} before the function returned.`;
      return { outcome: report.fork_refused ? 'process_limit' : 'runtime_error', message };
    }
    case 'signal':
      return { outcome: 'signal', message: `The process of this case was ended by ${report.signal ?? 'a signal'}.` };
    case 'wall_timeout':
      return { outcome: 'wall_timeout', message: 'The function did not return in time.' };
    case 'cpu_timeout':
      return { outcome: 'cpu_timeout', message: 'The function used more CPU time than it may.' };
    case 'output_limit':
      return { outcome: 'output_limit', message: 'The function printed, or returned, more than it may.' };
    case 'out_of_memory':
      return { outcome: 'out_of_memory', message: 'The memory of the sandbox was used up.' };
    case 'not_started':
      return { outcome: 'process_limit', message: 'No process could be started for this case.' };
  }
}

function answerOf({ result, fork_refused: forkRefused }: CaseReport): Finding {
  const message = result === null ? null : parseCaseMessage(result);
  if (message === null) return unreadable();
  if ('input' in message) {
    return { outcome: 'runtime_error', message: `The input is not a list of arguments: ${message.input}` };
  }
  if ('failure' in message) {
    const { kind, message: line, traceback } = message.failure;
    return { outcome: forkRefused && kind === 'runtime_error' ? 'process_limit' : kind, message: line, traceback };
  }
  try {
    const value = parseTagged(message.value);
    const cut = value.kind === 'opaque' && value.cut;
    const said = cut ? 'The value is too large to be compared.' : null;
    return { outcome: 'ok', message: said, answer: { value: message.value, repr: message.repr } };
  } catch (error) {
    if (error instanceof TaggedValueError) return unreadable();
    throw error;
  }
}

function unreadable(): Finding {
  return { outcome: 'runtime_error', message: 'What the process of this case has answered cannot be read.' };
}

function textOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}
