/** Reads a request's body within a bound, so that it can be sent to more than one replica. */
import type { IncomingMessage } from 'node:http';
import { ProxyError } from './proxy-error.js';

/** Rejects with ProxyError `body_too_large`, up front where the length is announced, and when the client breaks off. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let total = 0;
    const settle = (act: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('close', onGone);
      act();
    };
    const refuse = (): void => {
      settle(() => {
        request.resume();
        const context = { max_bytes: maxBytes };
        reject(new ProxyError('body_too_large', `The body is larger than ${maxBytes} bytes.`, { context }));
      });
    };
    const onData = (chunk: Buffer): void => {
      total += chunk.length;
      chunks.push(chunk);
      if (total > maxBytes) refuse();
    };
    const onEnd = (): void => {
      settle(() => {
        resolve(Buffer.concat(chunks, total));
      });
    };
    const onGone = (): void => {
      settle(() => {
        reject(new ProxyError('malformed_request', 'The connection was closed before the body was complete.'));
      });
    };
    // Stays, since a request may fail at any later moment as well.
    request.on('error', onGone);
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) refuse();
    else request.on('data', onData).once('end', onEnd).once('close', onGone);
  });
}
