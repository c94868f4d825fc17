/** Reads an answer that is told by events to its end, no faster than they are taken. */
import { EventParser, type ServerEvent } from './event-parser.js';
import { refusalOf } from './refusal.js';
import { ReplError } from './repl-error.js';

/**
 * Resolves with what `take` makes of an event once that is not null. Rejects with a ReplError: the runner's own, or
 * `connection_lost` where the stream breaks off.
 */
export async function readEvents<Result>(
  stream: ReadableStream<Uint8Array>,
  take: (event: ServerEvent) => Promise<Result | null> | Result | null,
): Promise<Result> {
  const reader = stream.getReader();
  try {
    for await (const event of eventsOf(reader)) {
      if (event.name === 'error') throw refusalOf(200, event.data, null);
      const result = await take(event);
      if (result !== null) return result;
    }
    throw brokenOff();
  } finally {
    // Whoever stops reading before the end ends the work.
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

function brokenOff(cause?: unknown): ReplError {
  return new ReplError('connection_lost', 'The connection broke before the result had come.', {
    retryable: true,
    cause,
  });
}
