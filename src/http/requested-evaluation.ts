/** From the body of an evaluation to what is to be evaluated, with what the schema alone cannot refuse. */
import { mib } from '../config/settings.js';
import { RunnerError } from '../errors.js';
import type { Comparison } from '../execution/evaluate/comparison.js';
import type { CallCase, CaseLimits, Evaluation, Judge, Subject, TextCase } from '../execution/evaluate/evaluation.js';
import { safePath } from '../workspace/safe-path.js';
import type { EvaluateBody } from './evaluate-schemas.js';

const defaultSeconds = 5;
const defaultTotalSeconds = 120;
const defaultOutputBytes = 64 * 1024;
const defaultTolerance = 1e-9;
const maxPathDepth = 32;

type CaseBody = EvaluateBody['io_cases'][number];

/** Throws RunnerError `request_invalid`. */
export function requestedEvaluation(body: EvaluateBody): Evaluation {
  const { entry_point: entryPoint, total_seconds: totalSeconds = defaultTotalSeconds, env = {} } = body;
  const kind = body.kind ?? (entryPoint === undefined ? 'stdio' : 'function');
  const subject = kind === 'function' ? functionOf(body) : programOf(body);
  return { subject, judge: judgeOf(body, kind), env, totalMs: totalSeconds * 1000 };
}

function functionOf({ code, file, entry_point: entryPoint, ...body }: EvaluateBody): Subject {
  if (entryPoint === undefined) throw invalid('entry_point: a function needs one');
  const source = code === undefined ? (file === undefined ? null : { file: safePath(file, maxPathDepth) }) : { code };
  if (source === null || (code !== undefined && file !== undefined)) {
    throw invalid('code: give code, or a file of the workspace');
  }
  const cases = body.io_cases.map((given): CallCase => {
    const { input } = given;
    const call = typeof input === 'string' ? input : { args: input.args ?? [], kwargs: input.kwargs ?? {} };
    return { ...common(given, body.limits), input: call, expected: given.output };
  });
  return { kind: 'function', source, entryPoint, cases };
}

function programOf({ code, file, entry_point: entryPoint, ...body }: EvaluateBody): Subject {
  if (entryPoint !== undefined) throw invalid('entry_point: a program on stdin and stdout has none');
  if (code !== undefined && file !== undefined) throw invalid('code: give code, or a file of the workspace');
  const cases = body.io_cases.map((given, index): TextCase => {
    const { input, output } = given;
    if (typeof input === 'string' && typeof output === 'string') {
      return { ...common(given, body.limits), input, expected: output };
    }
    throw invalid(`io_cases.${index}: input and output of a program are texts; a function needs an entry_point`);
  });
  return { kind: 'program', code: code ?? null, file: file === undefined ? null : safePath(file, maxPathDepth), cases };
}

function common({ name, limits: own }: CaseBody, limits: EvaluateBody['limits']) {
  return { name: name ?? null, limits: caseLimits({ ...limits, ...own }) };
}

function caseLimits(asked: NonNullable<EvaluateBody['limits']>): CaseLimits {
  const { wall_seconds: wall = defaultSeconds, cpu_seconds: cpu = wall } = asked;
  const { memory_mib: memoryMib, output_bytes: outputBytes = defaultOutputBytes } = asked;
  return {
    wallMs: wall * 1000,
    cpuMs: cpu * 1000,
    memoryBytes: memoryMib === undefined ? null : memoryMib * mib,
    outputBytes,
  };
}

function judgeOf({ compare, checker }: EvaluateBody, kind: 'function' | 'stdio'): Judge {
  if (checker !== undefined) {
    if (compare !== undefined) throw invalid('checker: give a checker, or a way to compare');
    return { kind: 'checker', code: checker.code, entryPoint: checker.entry_point };
  }
  return { kind: 'comparison', comparison: comparisonOf(compare ?? { mode: kind === 'stdio' ? 'trimmed' : 'exact' }) };
}

function comparisonOf(compare: NonNullable<EvaluateBody['compare']>): Comparison {
  if (compare.mode !== 'numeric') return compare;
  const { relative_tolerance: relative = defaultTolerance, absolute_tolerance: absolute = defaultTolerance } = compare;
  return { mode: 'numeric', relative, absolute };
}

function invalid(problem: string): RunnerError {
  return new RunnerError('request_invalid', `The request is not valid: ${problem}.`, {
    context: { problems: [problem] },
  });
}
