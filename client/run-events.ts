/** Reads a run that is told as it goes on, no faster than its output is taken. */
import { EventParser, type ServerEvent } from './event-parser.js';
import { refusalOf } from './refusal.js';
import { ReplError } from './repl-error.js';
import { bytesOf, parseRun, type RunResult } from './run-result.js';

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

/** Rejects with a ReplError: the runner's own, or `connection_lost` where the stream breaks off. */
export async function readRun(stream: ReadableStream<Uint8Array>, listener: RunListener): Promise<RunResult> {
  const reader = stream.getReader();
  try {
    for await (const event of eventsOf(reader)) {
      const result = await heard(event, listener);
      if (result !== null) return result;
    }
    throw brokenOff();
  } finally {
    // Whoever stops reading before the end ends the run.
    reader.cancel().catch(() => undefined);
  }
}

async function* eventsOf(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<ServerEvent> {
  const parser = new EventParser();
  for (;;) {
    const { value, done } = await reader.read().catch((cause: unknown) => {
      throw brokenOff(cause);
    });
    if (done) return;
    yield* parser.push(value);
  }
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
  if (name === 'error') throw refusalOf(200, data, null);
  return name === 'result' ? parseRun(data) : null;
}

function brokenOff(cause?: unknown): ReplError {
  return new ReplError('connection_lost', 'The connection broke before the run had ended.', { retryable: true, cause });
}
