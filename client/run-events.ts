/** Reads a run that is told as it goes on, no faster than its output is taken. */
import type { ServerEvent } from './event-parser.js';
import { bytesOf, parseRun, type RunResult } from './run-result.js';
import { readEvents } from './server-events.js';

export type TakeOutput = (data: Uint8Array) => Promise<void> | void;

/** What is not given is passed over. A promise holds the program back until it is resolved. */
export interface RunListener {
  /** The program is about to begin, or its build. */
  readonly onStart?: () => Promise<void> | void;
  readonly onStdout?: TakeOutput;
  readonly onStderr?: TakeOutput;
  readonly onBuildStdout?: TakeOutput;
  readonly onBuildStderr?: TakeOutput;
}

/** Rejects as `readEvents` does. */
export async function readRun(stream: ReadableStream<Uint8Array>, listener: RunListener): Promise<RunResult> {
  return await readEvents(stream, (event) => heard(event, listener));
}

async function heard({ name, data }: ServerEvent, listener: RunListener): Promise<RunResult | null> {
  const takers: Readonly<Record<string, TakeOutput | undefined>> = {
    start: listener.onStart,
    stdout: listener.onStdout,
    stderr: listener.onStderr,
    build_stdout: listener.onBuildStdout,
    build_stderr: listener.onBuildStderr,
  };
  if (Object.hasOwn(takers, name)) await takers[name]?.(bytesOf(data));
  return name === 'result' ? parseRun(data) : null;
}
