/**
 * Reads away what a client still sends of a body that nobody wants: most read their answer only when they have sent everything,
 * and a connection that is closed on one that sends is reset, which may take the answer along.
 */
import type { IncomingMessage } from 'node:http';

/** What a client may still send: time in milliseconds, and bytes. */
const drainMs = 5_000;
const drainBytes = 256 * 1024 * 1024;

/** Resolves when the body is over, or is more than a client may still send: then the request is not `complete`. */
export async function drainBody(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return;
  let left = drainBytes;
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, drainMs).unref();
    for (const event of ['end', 'error', 'close']) request.once(event, resolve);
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) resolve();
    });
    request.resume();
  });
  clearTimeout(timer);
}
