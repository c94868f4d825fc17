/** Bounds how long a replica may be silent during a call, its answer included. */
import type { ClientRequest } from 'node:http';

/** Destroys the request with this error when nothing passes in either direction for too long. */
export class AnswerTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`nothing came for ${timeoutMs} ms`);
    this.name = 'AnswerTimeoutError';
  }
}

export function boundAnswer(sent: ClientRequest, timeoutMs: number): void {
  sent.setTimeout(timeoutMs, () => {
    sent.destroy(new AnswerTimeoutError(timeoutMs));
  });
}
