/** Answers a call with an error of the proxy's own, in the runner's shape. The only place here that picks statuses. */
import type { ServerResponse } from 'node:http';
import { answerHeaders } from './answer-headers.js';
import { connectionAfter, drainOnceAnswered } from './early-answer.js';
import { proxyErrors, type ProxyError } from './proxy-error.js';

/** What a client waits before it tries again where the error does not say, in seconds. */
const retryAfterSeconds = 1;

/** An answer that has begun cannot be taken back; it is cut, so that the client does not take it for whole. */
export function sendError(response: ServerResponse, error: ProxyError): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { code, message, context } = error;
  const { status, retryable } = proxyErrors[code];
  const body = JSON.stringify({ error: { code, message, retryable, context } });
  for (const name of response.getHeaderNames()) if (name !== 'x-request-id') response.removeHeader(name);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: connectionAfter(response.req),
    ...answerHeaders,
    ...(status === 503 || status === 429
      ? { 'Retry-After': String(context.retry_after_seconds ?? retryAfterSeconds) }
      : {}),
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
  });
  drainOnceAnswered(response.req, response);
  response.end(body);
}
