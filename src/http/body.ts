/**
 * Reads a request's body within a bound, and gets rid of the rest of one that was refused. A refused client must get its
 * answer, so its connection is not cut while it still sends, within a bound of its own.
 */
import type { IncomingMessage } from 'node:http';
import { RunnerError } from '../errors.js';

/** What a refused client may still send before it is cut off: time in milliseconds, and bytes. */
const drainMs = 5_000;
const drainBytes = 256 * 1024 * 1024;

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

/** Throws away what is still to come of a body. Resolves when that is over, or more than a refused client may send. */
export async function drainBody(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
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
