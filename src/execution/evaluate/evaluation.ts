/** What an evaluation is asked for and what it answers, in the runner's own words; http turns JSON into these and back. */
import type { RunOutcome } from '../outcome.js';
import type { Comparison } from './comparison.js';

export interface CaseLimits {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** What a case may occupy beside the loaded code; null leaves it to the sandbox's own limit. */
  readonly memoryBytes: number | null;
  /** Of stdout, and of stderr. */
  readonly outputBytes: number;
}

/** The arguments of a call: the text between its parentheses, or values as tagged JSON. */
export type CallInput =
  string | { readonly args: readonly unknown[]; readonly kwargs: Readonly<Record<string, unknown>> };

export interface EvaluationCase {
  readonly name: string | null;
  readonly limits: CaseLimits;
  /** Tagged JSON, checked. It stays in the runner. */
  readonly expected: unknown;
}

export interface CallCase extends EvaluationCase {
  readonly input: CallInput;
}

export interface TextCase extends EvaluationCase {
  /** stdin. */
  readonly input: string;
  readonly expected: string;
}

/** Who says whether an answer passes. */
export type Judge =
  | { readonly kind: 'comparison'; readonly comparison: Comparison }
  | {
      readonly kind: 'checker';
      /** Python, whatever the language of what is judged. */
      readonly code: string;
      readonly entryPoint: string;
    };

/** Calls of one function, or runs of one program that reads stdin and writes stdout. */
export type Subject =
  | {
      readonly kind: 'function';
      /** The code itself, or a file of the workspace. */
      readonly source: { readonly code: string } | { readonly file: string };
      readonly entryPoint: string;
      readonly cases: readonly CallCase[];
    }
  | {
      readonly kind: 'program';
      /** Text that becomes the language's main file; only in a sandbox of its own. */
      readonly code: string | null;
      /** A file of the workspace; null is the language's main file. */
      readonly file: string | null;
      readonly cases: readonly TextCase[];
    };

/** What is evaluated, and who judges it. */
export interface Evaluation {
  readonly subject: Subject;
  readonly judge: Judge;
  readonly env: Readonly<Record<string, string>>;
  /** For all cases together, from the moment that there is a sandbox. */
  readonly totalMs: number;
}

/** What came of one case, before anybody judges it. */
export interface CaseRun {
  readonly outcome: RunOutcome;
  /** Tagged JSON, checked; absent where there is no value. */
  readonly answer?: { readonly value: unknown; readonly repr: string };
  readonly output: string;
  readonly stderr: string;
  readonly traceback: string | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** A sentence for people where there is something to say. */
  readonly message: string | null;
}

export interface CaseResult extends CaseRun {
  readonly name: string | null;
  readonly passed: boolean;
}

/** Why no case could run: the code did not load, or was not built. */
export interface LoadFailure {
  readonly outcome: RunOutcome;
  readonly message: string;
  readonly traceback: string | null;
  /** What the code printed while it was loaded or built. */
  readonly output: string;
}

export interface EvaluationResult {
  readonly passed: boolean;
  /** In the order of the cases; empty where there is an error. */
  readonly results: readonly CaseResult[];
  readonly error: LoadFailure | null;
}
