/**
 * Evaluations as a client asks for them and reads their results, in the words of docs/api.md: functions called, or programs
 * run, over many cases. Values are tagged JSON. Pure.
 */
import { asRecord } from './record.js';
import { ReplError } from './repl-error.js';
import type { FileContent } from './start-options.js';

/** Of each case; bounds and defaults are the runner's. */
export interface CaseLimits {
  readonly wall_seconds?: number;
  readonly cpu_seconds?: number;
  readonly memory_mib?: number;
  readonly output_bytes?: number;
}

export interface IoCase {
  readonly name?: string;
  /** `a=1, b=[2]` or values for a function, stdin for a program. */
  readonly input: string | { readonly args?: readonly unknown[]; readonly kwargs?: Readonly<Record<string, unknown>> };
  /** What a function is to return, or a program to print. */
  readonly output: unknown;
  readonly limits?: CaseLimits;
}

export type Compare =
  | { readonly mode: 'exact' | 'trimmed' }
  | { readonly mode: 'numeric'; readonly relative_tolerance?: number; readonly absolute_tolerance?: number };

export interface Evaluation {
  readonly code?: string;
  /** A file of the workspace instead of code. */
  readonly file?: string;
  /** The function; absent for a program that reads stdin and writes stdout. */
  readonly entry_point?: string;
  readonly io_cases: readonly IoCase[];
  readonly compare?: Compare;
  /** Python that says who passes, instead of a comparison. */
  readonly checker?: { readonly code: string; readonly entry_point: string };
  readonly limits?: CaseLimits;
  readonly env?: Readonly<Record<string, string>>;
  readonly total_seconds?: number;
}

export interface OnceEvaluation extends Evaluation {
  readonly language: string;
  readonly files?: Readonly<Record<string, FileContent>>;
  readonly sandbox_limits?: Readonly<Record<string, number>>;
}

export interface CaseResult {
  readonly name: string | null;
  readonly passed: boolean;
  /** `ok`, `runtime_error`, `wall_timeout` and so on. */
  readonly outcome: string;
  readonly value: unknown;
  readonly repr: string | null;
  readonly output: string;
  readonly stderr: string;
  readonly traceback: string | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly wall_ms: number;
  readonly cpu_ms: number;
  readonly message: string | null;
}

/** Why no case could be run. */
export interface EvaluationFailure {
  readonly outcome: string;
  readonly message: string;
  readonly traceback: string | null;
  readonly output: string;
}

export interface EvaluationResult {
  readonly passed: boolean;
  readonly case_results: readonly CaseResult[];
  readonly error: EvaluationFailure | null;
}

/** The longest that a runner takes over an evaluation, with its queue, its build and its checker. */
export const evaluationTimeoutMs = 1_800_000;

/** Throws ReplError `not_a_runner` where it is not what a runner answers. */
export function parseEvaluation(value: unknown): EvaluationResult {
  const fields = asRecord(value);
  const results: unknown = fields?.case_results;
  if (typeof fields?.passed !== 'boolean' || !Array.isArray(results)) {
    throw new ReplError('not_a_runner', 'What answers gives no evaluation of a repl_runner.');
  }
  return { passed: fields.passed, case_results: results.map(caseResultOf), error: failureOf(asRecord(fields.error)) };
}

function caseResultOf(value: unknown): CaseResult {
  const fields = asRecord(value) ?? {};
  return {
    name: textOrNull(fields.name),
    passed: fields.passed === true,
    outcome: textOrNull(fields.outcome) ?? 'infrastructure',
    value: fields.value ?? null,
    repr: textOrNull(fields.repr),
    output: textOrNull(fields.output) ?? '',
    stderr: textOrNull(fields.stderr) ?? '',
    traceback: textOrNull(fields.traceback),
    exit_code: numberOrNull(fields.exit_code),
    signal: textOrNull(fields.signal),
    wall_ms: numberOrNull(fields.wall_ms) ?? 0,
    cpu_ms: numberOrNull(fields.cpu_ms) ?? 0,
    message: textOrNull(fields.message),
  };
}

function failureOf(fields: Readonly<Record<string, unknown>> | null): EvaluationFailure | null {
  if (fields === null) return null;
  return {
    outcome: textOrNull(fields.outcome) ?? 'infrastructure',
    message: textOrNull(fields.message) ?? '',
    traceback: textOrNull(fields.traceback),
    output: textOrNull(fields.output) ?? '',
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
