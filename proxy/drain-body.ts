/**
 * Reads away what a client still sends once it has its answer: most read only when they have sent everything, and a
 * connection that is closed on one that sends is reset, which may take the answer along.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a client may still send before it is cut off: time in milliseconds, and bytes. */
const drainMs = 5_000;
const drainBytes = 256 * 1024 * 1024;

/** For the answer's head: node closes at once after one that says `close`, so it must not while a body comes. */
export function connectionAfter(request: IncomingMessage): 'close' | 'keep-alive' {
  return asksToClose(request) && request.complete ? 'close' : 'keep-alive';
}

/** To be called before the answer ends. */
export function drainOnceAnswered(request: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    const { socket } = request;
    request.unpipe();
    drain(request, () => {
      if (asksToClose(request)) socket.destroySoon();
    });
  });
}

function asksToClose({ headers }: IncomingMessage): boolean {
  return /\bclose\b/i.test(headers.connection ?? '');
}

function drain(request: IncomingMessage, onDrained: () => void): void {
  if (request.readableEnded) {
    onDrained();
    return;
  }
  let left = drainBytes;
  const timer = setTimeout(() => request.destroy(), drainMs).unref();
  request.on('data', ({ length }: Buffer) => {
    left -= length;
    if (left < 0) request.destroy();
  });
  request.once('end', onDrained).once('close', () => {
    clearTimeout(timer);
  });
  request.resume();
}
