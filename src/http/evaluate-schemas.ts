/** The shapes of evaluations over HTTP. Values are tagged JSON, checked by the one reader of it. */
import { z } from 'zod';
import { mib } from '../config/settings.js';
import { parseTagged, TaggedValueError } from '../execution/evaluate/tagged-value.js';
import { runOutcomes } from '../execution/outcome.js';
import type { Limits } from '../sandbox/limits.js';
import { envSchema, filesSchema, limitsSchema, text } from './schemas.js';

export const maxCases = 1_000;
const maxSeconds = 60;
const maxTotalSeconds = 600;
const maxOutputBytes = 1024 * 1024;
const maxCodeBytes = 4 * 1024 * 1024;
const maxNameLength = 200;
/** A Python name; `__proto__` would get lost in an object. */
const argumentName = /^(?!__proto__$)[\p{ID_Start}_]\p{ID_Continue}*$/u;
const dottedName = /^[\p{ID_Start}_]\p{ID_Continue}*(\.[\p{ID_Start}_]\p{ID_Continue}*){0,15}$/u;

const tagged = z
  .unknown()
  .superRefine((value, context) => {
    try {
      parseTagged(value);
    } catch (error) {
      if (!(error instanceof TaggedValueError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  })
  .meta({ description: 'A value as tagged JSON.' });

const code = text.refine((value) => Buffer.byteLength(value) <= maxCodeBytes, {
  error: `must have ${maxCodeBytes} bytes at most`,
});
const entryPoint = z.string().max(maxNameLength).regex(dottedName, 'must be a name, dotted or not');

function caseLimitsSchema(max: Limits) {
  return z.strictObject({
    wall_seconds: z.number().min(0.05).max(maxSeconds).optional(),
    cpu_seconds: z.number().min(0.05).max(maxSeconds).optional(),
    memory_mib: z
      .int()
      .min(1)
      .max(max.memoryBytes / mib)
      .optional(),
    output_bytes: z.int().min(0).max(maxOutputBytes).optional(),
  });
}

function caseSchema(max: Limits) {
  const args = z.array(tagged).max(1_000).optional();
  const kwargs = z.record(z.string().max(maxNameLength).regex(argumentName, 'must be a name'), tagged).optional();
  return z.strictObject({
    name: text.max(maxNameLength).optional(),
    input: z.union([text, z.strictObject({ args, kwargs })], {
      error: 'must be text or {"args": […], "kwargs": {…}}',
    }),
    output: tagged,
    limits: caseLimitsSchema(max).optional(),
  });
}

const tolerance = z.number().min(0).max(1e300).optional();
const compareSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('exact') }),
  z.strictObject({ mode: z.literal('trimmed') }),
  z.strictObject({
    mode: z.literal('numeric'),
    relative_tolerance: tolerance,
    absolute_tolerance: tolerance,
  }),
]);

/** The bodies of both calls; the bounds of memory are the operator's. */
export function evaluateSchemas(max: Limits) {
  const inSession = z.strictObject({
    kind: z
      .enum(['function', 'stdio'])
      .optional()
      .meta({ description: 'When absent, it is function where there is an entry_point.' }),
    code: code.optional(),
    file: z.string().min(1).max(1024).optional().meta({ description: 'A file of the workspace instead of code.' }),
    entry_point: entryPoint.optional(),
    io_cases: z.array(caseSchema(max)).min(1).max(maxCases),
    compare: compareSchema.optional(),
    checker: z.strictObject({ code, entry_point: entryPoint }).optional(),
    limits: caseLimitsSchema(max).optional().meta({ description: 'Of each case that has none of its own.' }),
    env: envSchema.optional(),
    total_seconds: z.number().min(0.1).max(maxTotalSeconds).optional(),
  });
  const once = inSession.extend({
    language: z.string().min(1).max(100),
    files: filesSchema.optional(),
    sandbox_limits: limitsSchema(max).optional().meta({ description: 'Of the whole sandbox.' }),
  });
  return { inSession, once };
}

export type EvaluateBody = z.infer<ReturnType<typeof evaluateSchemas>['inSession']>;

export const caseResultSchema = z.object({
  name: z.string().nullable(),
  passed: z.boolean(),
  outcome: z.enum(runOutcomes),
  value: z.unknown().meta({ description: 'What a function returned, as tagged JSON.' }),
  repr: z.string().nullable(),
  output: z.string().meta({ description: 'stdout.' }),
  stderr: z.string(),
  traceback: z.string().nullable(),
  exit_code: z.int().nullable(),
  signal: z.string().nullable(),
  wall_ms: z.number(),
  cpu_ms: z.number(),
  message: z.string().nullable(),
});

export const evaluationSchema = z.object({
  passed: z.boolean().meta({ description: 'Whether every case has passed.' }),
  case_results: z.array(caseResultSchema),
  error: z
    .object({
      outcome: z.enum(runOutcomes),
      message: z.string(),
      traceback: z.string().nullable(),
      output: z.string(),
    })
    .nullable()
    .meta({ description: 'Why no case could be run: the code, or the checker, could not be loaded or built.' }),
});
