/** A request's body piece by piece, within a bound: for what goes on to a sandbox while it arrives. */
import type { IncomingMessage } from 'node:http';
import { brokenOff, tooLarge } from './body.js';

/**
 * Throws RunnerError `body_too_large`, up front where the length is announced, and `malformed_request` where the client
 * leaves early. Whoever stops reading leaves the rest to `drainBody`, so that the client still gets its answer.
 */
export async function* bodyChunks(request: IncomingMessage, maxBytes: number): AsyncGenerator<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  let total = 0;
  const chunks = request.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const step = await next(chunks);
      if (step.done === true) return;
      const { value } = step;
      if (!Buffer.isBuffer(value)) continue;
      total += value.length;
      if (total > maxBytes) throw tooLarge(maxBytes);
      yield value;
    }
  } finally {
    // Until then nobody else gets anything of the body.
    await chunks.return?.();
  }
}

async function next(chunks: AsyncIterator<unknown, undefined>): Promise<IteratorResult<unknown, undefined>> {
  try {
    return await chunks.next();
  } catch (cause) {
    throw brokenOff(cause);
  }
}
