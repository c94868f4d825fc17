/** Reads a request's body within a bound. */
import type { IncomingMessage } from 'node:http';
import { RunnerError } from '../errors.js';

/** The whole body. Throws RunnerError `body_too_large`, up front where the length is announced. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let total = 0;
    const settle = (act: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      act();
    };
    const onData = (chunk: Buffer): void => {
      total += chunk.length;
      chunks.push(chunk);
      if (total > maxBytes) refuse();
    };
    const onEnd = (): void => {
      const [only] = chunks;
      settle(() => {
        resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, total));
      });
    };
    const onGone = (): void => {
      settle(() => {
        reject(brokenOff());
      });
    };
    const refuse = (): void => {
      settle(() => {
        reject(tooLarge(maxBytes));
      });
    };
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) refuse();
    else request.on('data', onData).once('end', onEnd).once('error', onGone).once('close', onGone);
  });
}

export function tooLarge(maxBytes: number): RunnerError {
  const message = `The body is larger than ${maxBytes} bytes.`;
  return new RunnerError('body_too_large', message, { context: { max_bytes: maxBytes } });
}

/** The client has left early. */
export function brokenOff(cause?: unknown): RunnerError {
  const message = 'The connection was closed before the body was complete.';
  return new RunnerError('malformed_request', message, cause === undefined ? {} : { cause });
}
