/** Turns whatever was thrown into an answer: the only place that picks statuses. */
import type { Response } from 'express';
import { drainBody } from '../drain-body.js';
import { errorCodes, RunnerError } from '../errors.js';

/** What a client of a full replica waits by default, in seconds. */
const defaultRetryAfterSeconds = 1;

/** The error as a RunnerError; what is not one of ours says nothing of itself to the client. */
export function asRunnerError(error: unknown): RunnerError {
  if (error instanceof RunnerError) return error;
  if (isHttpError(error) && error.status >= 400 && error.status < 500) {
    return new RunnerError('malformed_request', 'The request cannot be understood.', { cause: error });
  }
  return new RunnerError('internal', 'Something went wrong in the runner; its log says more.', { cause: error });
}

/**
 * Answers with the status, the headers and the body of the error, at once. The answer ends when no more of the request comes:
 * a connection that is to close then would otherwise be reset under a client that still sends, and its answer be lost.
 */
export async function sendError(response: Response, error: RunnerError): Promise<void> {
  const { req: request } = response;
  const { status } = errorCodes[error.code];
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  const { retry_after_seconds: retryAfter } = error.context;
  if (status === 503 || status === 429) response.setHeader('Retry-After', String(retryAfterSeconds(retryAfter)));
  const body = Buffer.from(JSON.stringify(errorAnswer(error)));
  response.status(status).type('json').setHeader('Content-Length', body.length).write(body);
  await drainBody(request);
  response.end(() => {
    if (!request.complete) request.destroy();
  });
}

/** The error as clients read it, in an answer or in an event. */
export function errorAnswer({ code, message, context }: RunnerError): object {
  return { error: { code, message, retryable: errorCodes[code].retryable, context } };
}

function retryAfterSeconds(given: unknown): number {
  return typeof given === 'number' && given >= 0 ? Math.ceil(given) : defaultRetryAfterSeconds;
}

/** Express throws errors with a status, for instance for a path that cannot be decoded. */
function isHttpError(error: unknown): error is Error & { status: number } {
  return error instanceof Error && 'status' in error && typeof error.status === 'number';
}
