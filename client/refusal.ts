/** What an answer that is no success says, as the client's error. Pure. */
import { asRecord } from './record.js';
import { ReplError } from './repl-error.js';

/** @param retryAfter the header `Retry-After` */
export function refusalOf(status: number, body: unknown, retryAfter: string | null): ReplError {
  const fields = asRecord(asRecord(body)?.error);
  const seconds = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : null;
  if (fields === null || typeof fields.code !== 'string' || typeof fields.message !== 'string') {
    const message = `The runner answered with status ${status}, which it does not explain.`;
    return new ReplError(`http_${status}`, message, { retryable: status >= 502, retryAfterSeconds: seconds });
  }
  return new ReplError(fields.code, fields.message, {
    retryable: fields.retryable === true,
    retryAfterSeconds: seconds,
  });
}
