/** Answers that come while the client still sends its body: their connection is not closed under it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { drainBody } from '../src/drain-body.js';

/** For the answer's head: node closes at once after one that says `close`, so it must not while a body comes. */
export function connectionAfter(request: IncomingMessage): 'close' | 'keep-alive' {
  return asksToClose(request) && request.complete ? 'close' : 'keep-alive';
}

/** To be called before the answer ends. */
export function drainOnceAnswered(request: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    const { socket } = request;
    request.unpipe();
    void drainBody(request).then(() => {
      if (!request.complete) request.destroy();
      else if (asksToClose(request)) socket.destroySoon();
    });
  });
}

function asksToClose({ headers }: IncomingMessage): boolean {
  return /\bclose\b/i.test(headers.connection ?? '');
}
