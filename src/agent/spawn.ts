/**
 * A program on pipes in the sandbox, as one request: its streams are channels, the answer comes when it and everything
 * that it left running have ended. It holds nothing against the program; the agent does.
 */
import { RunnerError } from '../errors.js';
import { channelWindowBytes, type Channels } from './channels.js';
import { spawnResultSchema, type AgentResponse, type SpawnResult } from './message.js';

/** What the agent holds a run to; absent or null is no limit. */
export interface SpawnLimits {
  readonly wall_ms?: number | null;
  /** Of all processes of the run together. */
  readonly cpu_ms?: number | null;
  /** Of both outputs together. */
  readonly output_bytes?: number | null;
  /** RLIMIT_DATA of each process. */
  readonly data_bytes?: number | null;
}

export interface SpawnParameters {
  readonly argv: readonly string[];
  /** Beside what every process of the language gets. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether it also gets the variables that the REPL was started with. */
  readonly asRepl?: boolean;
  /** Relative to the workspace; absent, the workspace itself. */
  readonly cwd?: string;
  readonly stdin: Buffer | null;
  readonly limits?: SpawnLimits;
  /** Whether the answer tells which files of the workspace have changed. */
  readonly changes?: boolean;
  /** The program is held back until what these return has resolved. */
  onStdout(data: Buffer): unknown;
  onStderr(data: Buffer): unknown;
}

export interface SpawnConnection {
  readonly channels: Channels;
  request(op: string, fields: object, timeoutMs?: number | null): Promise<AgentResponse>;
}

/** Runs to the end; aborting kills the run. Rejects with AgentRefusal, or with RunnerError when the sandbox is lost. */
export async function spawn(
  connection: SpawnConnection,
  parameters: SpawnParameters,
  signal: AbortSignal,
): Promise<SpawnResult> {
  signal.throwIfAborted();
  const { channels } = connection;
  const stdout = channels.open((data) => parameters.onStdout(data));
  const stderr = channels.open((data) => parameters.onStderr(data));
  const stdin = parameters.stdin === null ? null : channels.next();
  const { argv, env, cwd = '', limits = {}, changes = false, asRepl = false } = parameters;
  const over = new AbortController();
  const kill = (): void => {
    connection.request('kill', { stdout }).catch(() => undefined);
  };
  try {
    const fields = {
      argv,
      env,
      as_repl: asRepl,
      cwd,
      limits,
      changes,
      channels: { stdin, stdout, stderr },
      credit: channelWindowBytes,
    };
    const answer = connection.request('spawn', fields, null);
    signal.addEventListener('abort', kill, { once: true });
    if (stdin !== null && parameters.stdin !== null) void channels.feed(stdin, parameters.stdin, over.signal);
    const result = spawnResultSchema.safeParse(await answer);
    if (result.success) return result.data;
    throw new RunnerError('sandbox_failed', 'The agent tells of an end that cannot be.', { cause: result.error });
  } finally {
    over.abort();
    signal.removeEventListener('abort', kill);
    channels.close(stdout);
    channels.close(stderr);
  }
}
