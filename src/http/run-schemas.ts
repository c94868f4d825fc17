/** The shapes of runs, asked for and told of. Bounds of time and output are the operator's. */
import { z } from 'zod';
import type { RunConfig } from '../config.js';
import { runOutcomes } from '../execution/outcome.js';
import type { Limits } from '../sandbox/limits.js';
import { base64Pattern } from '../workspace/files-from-json.js';
import { egressSchema, envSchema, filesSchema, limitsSchema, text } from './schemas.js';

/** Linux's bound for one argument, its last byte included. */
const maxArgumentBytes = 128 * 1024 - 1;
const maxArguments = 1000;
const maxAllArgumentBytes = 256 * 1024;
const leastOutputBytes = 1;
const leastMemoryMib = 8;

const argument = text.refine((value) => Buffer.byteLength(value) <= maxArgumentBytes, {
  error: `must have ${maxArgumentBytes} bytes at most`,
});
const argumentList = z
  .array(argument)
  .max(maxArguments)
  .refine((list) => list.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0) <= maxAllArgumentBytes, {
    error: `must have ${maxAllArgumentBytes} bytes at most`,
  });

const program = {
  command: argument.min(1).optional().meta({ description: 'Shell text; one of command, argv and file is given.' }),
  argv: argumentList.min(1).optional(),
  file: text.min(1).optional().meta({
    description: "A file of the workspace, run as its language runs files; the default is the language's own.",
  }),
  args: argumentList.optional().meta({ description: 'Arguments of the program that `file` is.' }),
  stdin: z.union([z.string(), z.strictObject({ base64: z.string().regex(base64Pattern, 'must be base64') })], {
    error: 'must be text or {"base64": …}',
  }),
  env: envSchema.optional(),
};
const programFields = { ...program, stdin: program.stdin.optional() };

function timeLimits({ maxWallMs, maxOutputBytes }: Pick<RunConfig, 'maxWallMs' | 'maxOutputBytes'>) {
  const time = z
    .number()
    .min(0.1)
    .max(maxWallMs / 1000);
  return {
    wall_seconds: time.optional(),
    cpu_seconds: z.number().min(0.1).optional().meta({ description: 'Of all processes of the run together.' }),
    output_bytes: z
      .int()
      .min(leastOutputBytes)
      .max(maxOutputBytes)
      .optional()
      .meta({ description: 'Of standard output and standard error together.' }),
  };
}

function oneProgram(run: { command?: unknown; argv?: unknown; file?: unknown; args?: unknown }): boolean {
  const given = [run.command, run.argv, run.file].filter((value) => value !== undefined).length;
  return given <= 1 && (run.args === undefined || (run.command === undefined && run.argv === undefined));
}
const oneProgramError = { error: 'one of command, argv and file may be given, and args only beside file' };

export function runSchemas(max: Limits, runs: Pick<RunConfig, 'maxWallMs' | 'maxOutputBytes'>) {
  const times = timeLimits(runs);
  const memory = z
    .int()
    .min(leastMemoryMib)
    .optional()
    .meta({ description: "Of each process's data: beyond it allocations fail." });
  const inSession = z.strictObject({
    ...programFields,
    limits: z.strictObject({ ...times, memory_mib: memory }).optional(),
  });
  const onceOptions = z.strictObject({
    language: z.string().min(1).max(100),
    ...programFields,
    limits: limitsSchema(max).extend(times).optional(),
    egress: egressSchema.optional(),
  });
  return {
    inSession: inSession.refine(oneProgram, oneProgramError).meta({ id: 'RunRequest' }),
    onceOptions: onceOptions.refine(oneProgram, oneProgramError).meta({ id: 'RunOnceOptions' }),
    once: onceOptions
      .extend({ files: filesSchema.optional() })
      .refine(oneProgram, oneProgramError)
      .meta({ id: 'RunOnceRequest' }),
  };
}

export type RunSchemas = ReturnType<typeof runSchemas>;
export type RunOptions = z.infer<RunSchemas['inSession']>;
export type OnceOptions = z.infer<RunSchemas['onceOptions']>;

/** Query parameters beside an archive. */
export const onceQuerySchema = z.strictObject({ language: z.string().min(1).max(100), file: text.min(1).optional() });

const outputSchema = z
  .object({
    content: z.string().optional().meta({ description: 'Where it is UTF-8.' }),
    base64: z.string().optional().meta({ description: 'Where it is not UTF-8.' }),
    truncated: z.boolean(),
  })
  .meta({ id: 'RunOutput' });

const step = {
  outcome: z.enum(runOutcomes).meta({ id: 'RunOutcome' }),
  exit_code: z.int().nullable(),
  signal: z.string().nullable(),
  stdout: outputSchema,
  stderr: outputSchema,
  wall_ms: z.number(),
  cpu_ms: z.number().meta({ description: 'Of all its processes.' }),
  max_rss_bytes: z.number().meta({ description: 'Of its largest process.' }),
};
const stepSchema = z.object(step).meta({ id: 'RunStep' });

const paths = z.array(z.string());
const whole = {
  ...step,
  build: stepSchema.nullable().meta({ description: 'Where it did not go well, the program was not run.' }),
  created: paths,
  changed: paths,
  deleted: paths,
  files_truncated: z.boolean().meta({ description: 'Whether more files have changed than are told, or may have.' }),
};
export const runAnswerSchema = z.object(whole).meta({ id: 'RunResult' });
export const onceAnswerSchema = z
  .object({
    ...whole,
    queue: z.object({ waited_ms: z.number() }),
    cold: z.boolean().meta({ description: 'Whether the sandbox was made for this run.' }),
  })
  .meta({ id: 'RunOnceResult' });
