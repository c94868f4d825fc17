/** Sends octets to a client as fast as it takes them. What breaks off in the middle breaks the connection, and says so by it. */
import { once } from 'node:events';
import type { Response } from 'express';
import { RunnerError } from '../errors.js';

/** A client that takes nothing this long has gone. */
const stallMs = 60_000;

/**
 * The first octets are there before the status is sent, so that a failure until then is an answer like any other. Rejects
 * where the content does, or where the client goes away.
 */
export async function sendOctets(
  response: Response,
  content: AsyncIterable<Buffer>,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
  });
  let begun = false;
  for await (const chunk of content) {
    if (!begun) response.status(200).set(headers);
    begun = true;
    if (gone.signal.aborted) throw new RunnerError('internal', 'The client went away.');
    if (!response.write(chunk)) await drained(response, gone.signal);
  }
  if (!begun) response.status(200).set(headers);
  response.end();
}

async function drained(response: Response, gone: AbortSignal): Promise<void> {
  const stalled = new AbortController();
  const timer = setTimeout(() => {
    stalled.abort();
  }, stallMs);
  try {
    await once(response, 'drain', { signal: AbortSignal.any([gone, stalled.signal]) });
  } catch (cause) {
    throw new RunnerError('internal', 'The client went away, or takes nothing.', { cause });
  } finally {
    clearTimeout(timer);
  }
}
