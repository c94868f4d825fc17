/**
 * Runs one program in a sandbox and says truthfully what became of it. The agent holds the limits and reads the kernel;
 * here is what must not be left to it: that what is kept is bounded and that the answer comes.
 */
import type { AgentConnection } from '../agent/agent-connection.js';
import type { FileChanges, SpawnResult } from '../agent/message.js';
import { AgentRefusal } from '../agent/pending-requests.js';
import { RunnerError } from '../errors.js';
import { OutputCapture, type CapturedOutput } from './output-capture.js';
import { outcomeOf, type RunOutcome } from './outcome.js';

export type OutputName = 'stdout' | 'stderr';

export interface RunLimits {
  readonly wallMs: number;
  /** Of all processes of the run together; null for no limit but the wall clock's. */
  readonly cpuMs: number | null;
  /** Of both outputs together; a run that says more is ended. */
  readonly outputBytes: number;
  /** Of each process's data: beyond it allocations fail. Null for no limit but the sandbox's. */
  readonly dataBytes: number | null;
}

export interface RunRequest {
  readonly argv: readonly string[];
  /** Relative to the workspace; absent, the workspace itself. */
  readonly cwd?: string;
  /** Beside the environment of the session's REPL, or that of the language where there is none. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Buffer | null;
  readonly limits: RunLimits;
  /** Whether to tell which files of the workspace have changed, at the cost of two looks at all of them. */
  readonly changes?: boolean;
  /**
   * Takes the output piece by piece, and holds the program back until its promise has resolved; the result then holds
   * no output. A rejection ends the run, and behind the end of the run it is not called.
   */
  readonly onOutput?: (name: OutputName, data: Buffer) => Promise<void> | void;
}

export interface RunResult {
  readonly outcome: RunOutcome;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: CapturedOutput;
  readonly stderr: CapturedOutput;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly maxRssBytes: number;
  /** Null where it was not asked for, or nobody can tell any more. */
  readonly files: FileChanges | null;
}

/** Beyond its time a run may take this long to be ended, and its reader to take what it said. */
const lateMs = 15_000;
/** What a shell answers with for a program that is not there, or that cannot be executed. */
const notFound = 127;
const notExecutable = 126;

/**
 * Resolves whenever there is something true to say of the program, also when it could not be started or its sandbox was
 * lost. Aborting kills it, with everything that it started, and rejects with the signal's reason.
 */
export async function run(connection: AgentConnection, request: RunRequest, signal: AbortSignal): Promise<RunResult> {
  const began = performance.now();
  const late = new AbortController();
  const { wallMs, cpuMs, outputBytes, dataBytes } = request.limits;
  const timer = setTimeout(() => {
    late.abort();
  }, wallMs + lateMs);
  const giveUp = AbortSignal.any([signal, late.signal]);
  const capture = new OutputCapture(outputBytes, request.onOutput, () => {
    late.abort();
  });
  const deaf = closeWhenDeaf(connection, giveUp);
  try {
    const { argv, cwd = '', env, stdin, changes = false } = request;
    const limits = { wall_ms: wallMs, cpu_ms: cpuMs, output_bytes: outputBytes, data_bytes: dataBytes };
    const onStdout = (data: Buffer) => capture.take('stdout', data);
    const onStderr = (data: Buffer) => capture.take('stderr', data);
    const spawned = { argv, cwd, env, asRepl: true, stdin, limits, changes, onStdout, onStderr };
    const ended = await connection.spawn(spawned, giveUp);
    signal.throwIfAborted();
    await capture.settled(giveUp);
    signal.throwIfAborted();
    return told(ended, capture);
  } catch (error) {
    signal.throwIfAborted();
    return untold(error, capture, performance.now() - began);
  } finally {
    clearTimeout(timer);
    deaf.stop();
    capture.stop();
  }
}

/** An agent that was told to end a run, and does not say that it did, is given up with its sandbox. */
function closeWhenDeaf(connection: AgentConnection, giveUp: AbortSignal): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = setTimeout(() => {
      connection.close('a run that was ended goes on');
    }, lateMs);
  };
  giveUp.addEventListener('abort', wait, { once: true });
  return {
    stop: () => {
      giveUp.removeEventListener('abort', wait);
      clearTimeout(timer);
    },
  };
}

function told(ended: SpawnResult, capture: OutputCapture): RunResult {
  return {
    outcome: outcomeOf(ended),
    exitCode: ended.exit_code,
    signal: ended.signal,
    stdout: capture.of('stdout', ended.cut.includes('stdout')),
    stderr: capture.of('stderr', ended.cut.includes('stderr')),
    wallMs: ended.wall_ms,
    cpuMs: ended.cpu_ms,
    maxRssBytes: ended.max_rss_bytes,
    files: ended.files,
  };
}

/** What can be said where the agent has not told of an end. Throws what is no business of the program's. */
function untold(error: unknown, capture: OutputCapture, wallMs: number): RunResult {
  const nothing = { exitCode: null, signal: null, wallMs, cpuMs: 0, maxRssBytes: 0, files: null };
  const output = { stdout: capture.of('stdout', true), stderr: capture.of('stderr', true) };
  if (error instanceof RunnerError && error.code === 'sandbox_failed') {
    return { ...nothing, ...output, outcome: 'infrastructure' };
  }
  if (!(error instanceof AgentRefusal)) throw error;
  const why = { data: Buffer.from(`${error.message}\n`), truncated: false };
  const refused = { ...nothing, stdout: { data: Buffer.alloc(0), truncated: false }, stderr: why };
  if (error.code === 'no_process') return { ...refused, outcome: 'process_limit' };
  if (error.code === 'not_found') return { ...refused, outcome: 'runtime_error', exitCode: notFound };
  if (error.code === 'start_failed') return { ...refused, outcome: 'runtime_error', exitCode: notExecutable };
  if (error.code === 'busy') throw new RunnerError('capacity_exhausted', `The sandbox refused: ${error.message}.`);
  return { ...refused, outcome: 'infrastructure' };
}
