/** How the result of an evaluation is shown over HTTP. It never shows what was expected. */
import type { z } from 'zod';
import type { CaseResult, EvaluationResult, Subject } from '../execution/evaluate/evaluation.js';
import type { caseResultSchema, evaluationSchema } from './evaluate-schemas.js';

export type EvaluationAnswer = z.infer<typeof evaluationSchema>;

export function evaluationAnswer(
  kind: Subject['kind'],
  { passed, results, error }: EvaluationResult,
): EvaluationAnswer {
  return { passed, case_results: results.map((result) => caseAnswer(kind, result)), error };
}

/** A program has no value beside its output. */
export function caseAnswer(kind: Subject['kind'], result: CaseResult): z.infer<typeof caseResultSchema> {
  const { name, passed, outcome, output, stderr, traceback, signal, message } = result;
  const answer = kind === 'function' ? result.answer : undefined;
  return {
    name,
    passed,
    outcome,
    value: answer?.value ?? null,
    repr: answer?.repr ?? null,
    output,
    stderr,
    traceback,
    exit_code: result.exitCode,
    signal,
    wall_ms: result.wallMs,
    cpu_ms: result.cpuMs,
    message,
  };
}
