/** Who may call: the bearer token and the allowed origins. It knows nothing of sessions; their ids are their own keys. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { RunnerError } from '../errors.js';

/** Whether the request carries the token; always, when there is none. Takes the same time for every wrong token. */
export function isAuthorized(request: IncomingMessage, apiToken: string | null): boolean {
  if (apiToken === null) return true;
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return given !== undefined && timingSafeEqual(digest(given), digest(apiToken));
}

/** Whether a browser's page of this request's origin may call. Programs other than browsers send no origin. */
export function isOriginAllowed(request: IncomingMessage, allowedOrigins: readonly string[]): boolean {
  const { origin } = request.headers;
  return origin === undefined || allowedOrigins.length === 0 || allowedOrigins.includes(origin);
}

/** @throws RunnerError `unauthorized` or `origin_refused` */
export function authorize(
  request: IncomingMessage,
  { apiToken, allowedOrigins }: { apiToken: string | null; allowedOrigins: readonly string[] },
): void {
  if (!isOriginAllowed(request, allowedOrigins)) {
    throw new RunnerError('origin_refused', 'Pages of this origin may not call this runner.');
  }
  if (!isAuthorized(request, apiToken)) {
    throw new RunnerError('unauthorized', 'This call needs the header "Authorization: Bearer …" with the right token.');
  }
}

/** Digests have one length, which timingSafeEqual needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
