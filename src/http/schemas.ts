/**
 * The shapes of requests and answers, in zod: requests are validated by them, and the OpenAPI document is made from them.
 * Unknown fields are refused. Paths and contents of files are checked by `workspace`, not here.
 */
import { z } from 'zod';
import { mib } from '../config/settings.js';
import { errorCodes } from '../errors.js';
import type { Limits } from '../sandbox/limits.js';
import { sessionSignals } from '../session/start-request.js';

const maxStartupBytes = 256 * 1024;
const maxEnvNames = 128;
const maxEnvBytes = 64 * 1024;
const maxCells = 1000;
const loneSurrogate = /\p{Surrogate}/u;

export const text = z.string().refine((value) => !value.includes('\0') && !loneSurrogate.test(value), {
  error: 'must be Unicode text without NUL',
});

const cells = z.int().min(1).max(maxCells);
export const terminalSizeSchema = z.strictObject({ cols: cells, rows: cells }).meta({ id: 'TerminalSize' });

const fileSchema = z.union([z.string(), z.strictObject({ base64: z.string(), executable: z.boolean().optional() })], {
  error: 'must be text or {"base64": …}',
});
export const filesSchema = z.record(z.string(), fileSchema).meta({ description: 'Contents by path in the workspace.' });

const startupSchema = text
  .refine((value) => Buffer.byteLength(value) <= maxStartupBytes, {
    error: `must have ${maxStartupBytes} bytes at most`,
  })
  .meta({ description: "Code that is run in the REPL's namespace before the first prompt." });

export const envSchema = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,254}$/), text)
  .refine((env) => Object.keys(env).length <= maxEnvNames, { error: `must have ${maxEnvNames} names at most` })
  .refine((env) => envBytes(env) <= maxEnvBytes, { error: `must have ${maxEnvBytes} bytes at most` });

function envBytes(env: Readonly<Record<string, string>>): number {
  return Object.entries(env).reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0);
}

/** What still lets a REPL start, by name. */
const least = { cpus: 0.05, memory_mib: 48, processes: 8, disk_mib: 1, inodes: 64, open_files: 32, file_mib: 1 };

export function limitsSchema(max: Limits) {
  const size = (min: number, bytes: number) =>
    z
      .int()
      .min(Math.min(min, bytes / mib))
      .max(bytes / mib)
      .optional();
  const count = (min: number, most: number) => z.int().min(Math.min(min, most)).max(most).optional();
  return z
    .strictObject({
      cpus: z.number().min(Math.min(least.cpus, max.cpus)).max(max.cpus).optional(),
      memory_mib: size(least.memory_mib, max.memoryBytes),
      processes: count(least.processes, max.processes),
      disk_mib: size(least.disk_mib, max.diskBytes),
      inodes: count(least.inodes, max.inodes),
      open_files: count(least.open_files, max.openFiles),
      file_mib: size(least.file_mib, max.fileBytes),
    })
    .meta({ id: 'RequestedLimits', description: "What is absent stays at the operator's default." });
}

export const egressSchema = z
  .union([z.boolean(), z.array(z.string().min(1).max(253)).max(1000)], {
    error: 'must be true, false or a list of names',
  })
  .meta({
    description:
      'What its programs may reach: all that the operator allows, nothing, or some names of it; see docs/egress.md.',
  });

/** The schemas of requests; the bounds of limits are the operator's. */
export function requestSchemas(max: Limits) {
  const startOptions = z.strictObject({
    language: z.string().min(1).max(100),
    startup: startupSchema.nullable().optional(),
    env: envSchema.optional(),
    terminal: terminalSizeSchema.optional(),
    limits: limitsSchema(max).optional(),
    egress: egressSchema.optional(),
  });
  const restartOptions = startOptions.omit({ language: true, limits: true, egress: true });
  return {
    startOptions: startOptions.meta({ id: 'StartOptions' }),
    start: startOptions.extend({ files: filesSchema.optional() }).meta({ id: 'StartRequest' }),
    restartOptions: restartOptions.meta({ id: 'RestartOptions' }),
    restart: restartOptions.extend({ files: filesSchema.optional() }).meta({ id: 'RestartRequest' }),
  };
}

export type RequestSchemas = ReturnType<typeof requestSchemas>;
export type StartOptions = z.infer<RequestSchemas['startOptions']>;
export type RestartOptions = z.infer<RequestSchemas['restartOptions']>;

const digits = z
  .string()
  .regex(/^\d{1,4}$/)
  .transform(Number)
  .pipe(cells)
  .optional();

/** Query parameters beside an archive. */
export const startQuerySchema = z.strictObject({ language: z.string().min(1).max(100), cols: digits, rows: digits });
export const restartQuerySchema = startQuerySchema.omit({ language: true });

export const signalSchema = z.strictObject({ signal: z.enum(sessionSignals) }).meta({ id: 'SignalRequest' });

export const limitsAnswerSchema = z
  .object({
    cpus: z.number(),
    memory_mib: z.number(),
    processes: z.int(),
    disk_mib: z.number(),
    inodes: z.int(),
    open_files: z.int(),
    file_mib: z.number(),
  })
  .meta({ id: 'Limits' });

export const sessionSchema = z
  .object({
    id: z.string().optional().meta({ description: "The owner's id; absent in answers to a view_id." }),
    view_id: z.string().meta({ description: 'A second id that can only watch.' }),
    language: z.string(),
    state: z.enum(['starting', 'running', 'exited', 'ended']),
    websocket: z.string().meta({ description: 'Path of the websocket.' }),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().meta({ description: 'When it ends if nothing more happens.' }),
    limits: limitsAnswerSchema,
    egress: z.array(z.string()).meta({ description: 'The names that its programs may reach.' }),
    started: z
      .object({ cold: z.boolean(), wait_ms: z.number() })
      .meta({ description: 'Whether it came from elsewhere than the warm pool, and how long that took.' }),
    exit: z
      .object({ outcome: z.string(), exit_code: z.int().nullable(), signal: z.string().nullable() })
      .nullable()
      .meta({ description: 'How the REPL ended, where it has.' }),
    attachments: z.object({ owner: z.boolean(), viewers: z.int() }),
  })
  .meta({ id: 'Session' });

export const sessionListSchema = z
  .object({
    sessions: z.array(sessionSchema.omit({ view_id: true, websocket: true }).meta({ id: 'MaskedSession' })),
  })
  .meta({ id: 'SessionList', description: 'Ids are masked.' });

export const aliveSchema = z.object({ 'alive?': z.literal(true) }).meta({ id: 'Alive' });
export const shaSchema = z.object({ sha: z.string() }).meta({ id: 'Sha' });

export const readySchema = z
  .object({
    'ready?': z.boolean(),
    code: z
      .enum(['draining', 'driver_unavailable', 'capacity_exhausted'])
      .nullable()
      .meta({ description: 'What a start would be refused with; null where it would not be.' }),
    replica: z.string(),
    serves: z.array(z.string()).meta({ description: 'Names of replicas whose sessions live here.' }),
    sessions: z.int(),
    max_sessions: z.int(),
    warm: z.record(z.string(), z.int()).meta({ description: 'Sandboxes that wait, by language.' }),
    load: z.number().meta({ description: "The host's load of the last minute, for each core." }),
    runs: z
      .object({ active: z.int(), waiting: z.int(), max: z.int(), max_waiting: z.int(), wait_ms: z.number() })
      .meta({ description: 'Runs in sandboxes of their own: under way, waiting, and how long the wait is now.' }),
  })
  .meta({ id: 'Ready' });

export const languagesSchema = z
  .object({
    languages: z.array(z.object({ name: z.string(), title: z.string(), version: z.string() }).meta({ id: 'Language' })),
  })
  .meta({ id: 'Languages' });

export const errorSchema = z
  .object({
    error: z.object({
      code: z.enum(Object.keys(errorCodes)),
      message: z.string(),
      retryable: z.boolean(),
      context: z.record(z.string(), z.unknown()),
    }),
  })
  .meta({ id: 'Error' });
