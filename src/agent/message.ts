/** The JSON inside the agent's frames, checked: an agent is as hostile as the code that it runs beside. */
import { z } from 'zod';
import { firstAgentChannel } from './channels.js';

const offset = z.number().int().nonnegative();
const exitCode = z.number().int().min(0).max(255).nullable();
const signalName = z
  .string()
  .regex(/^SIG[A-Z0-9+-]{1,12}$/)
  .nullable();

const replExitSchema = z.object({
  outcome: z.enum(['ok', 'runtime_error', 'signal', 'out_of_memory']),
  exit_code: exitCode,
  signal: signalName,
});
/** How a REPL ended, as the agent read it from the kernel. */
export type ReplExit = z.infer<typeof replExitSchema>;

export const syncedSchema = z.object({
  epoch: z.string().regex(/^[0-9a-f-]{36}$/),
  state: z.enum(['waiting', 'running', 'exited']),
  ready: z.boolean(),
  start: offset,
  end: offset,
  cols: z.number().int(),
  rows: z.number().int(),
  /** What the owner had taken, where the program is held back for one; else null. */
  acknowledged: offset.nullable(),
  exit: replExitSchema.nullable(),
  /** What a runner has left with it of the session's way out; to be believed only where it is signed. */
  egress: z.string().max(8192).nullable().default(null),
});
/** What an agent says of itself when a runner takes its lease. */
export type AgentState = z.infer<typeof syncedSchema>;

export const deniedSchema = z.object({ holder: z.string().max(200).nullable() });

export const eventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('ready') }),
  /** A program in the sandbox has connected to the way out. */
  z.object({ event: z.literal('connect'), channel: z.number().int().min(firstAgentChannel).max(0xffff_ffff) }),
  replExitSchema.extend({ event: z.literal('exit'), offset }),
]);

export const responseSchema = z.looseObject({
  id: z.number().int(),
  error: z.object({ code: z.string().max(40), message: z.string().max(2000) }).optional(),
});
/** An answer to a request, with fields of its own or a refusal. */
export type AgentResponse = z.infer<typeof responseSchema>;

export const unpackedSchema = z.looseObject({ files: z.number().int(), bytes: z.number().int() });

export const restartedSchema = z.looseObject({ offset });

const count = z.number().nullable();
export const usageSchema = z.looseObject({
  memory_bytes: count,
  memory_peak_bytes: count,
  memory_limit_bytes: count,
  cpu_nanos: count,
  processes: count,
  disk_bytes: count,
  oom_kills: count,
  fork_refusals: count,
});
export type Usage = z.infer<typeof usageSchema>;

const fileNames = z.array(z.string().max(4096)).max(20_000);

export const spawnResultSchema = z.looseObject({
  exit_code: exitCode,
  signal: signalName,
  /** What the agent ended it for, null where it ended by itself. */
  ended_by: z.enum(['wall', 'cpu', 'output', 'killed', 'ended']).nullable(),
  wall_ms: z.number().nonnegative(),
  cpu_ms: z.number().nonnegative(),
  max_rss_bytes: z.number().nonnegative(),
  /** Outputs that were cut at the limit. */
  cut: z.array(z.enum(['stdout', 'stderr'])).max(2),
  /** Whether the kernel has killed something in the sandbox for want of memory, or refused it a process, meanwhile. */
  oom_killed: z.boolean(),
  fork_refused: z.boolean(),
  /** Whether a folder that the user may write to was full at the end. */
  disk_full: z.boolean(),
  files: z.object({ created: fileNames, changed: fileNames, deleted: fileNames, truncated: z.boolean() }).nullable(),
});
export type SpawnResult = z.infer<typeof spawnResultSchema>;
/** What a run did to the workspace's files; `truncated` where there was more than is looked at or told. */
export type FileChanges = NonNullable<SpawnResult['files']>;
