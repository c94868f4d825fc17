/** Who may call: the bearer key and the allowed origins. It knows nothing of sessions; their ids are their own keys. */
import type { IncomingMessage } from 'node:http';
import { RunnerError } from '../errors.js';
import type { ApiKeys } from './api-keys.js';

/** The name of the key that the request carries, or null when it carries none that is known. */
export function callerName(request: IncomingMessage, keys: ApiKeys): string | null {
  return keys.nameOf(/^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]);
}

/**
 * Whether a browser's page of this request's origin may call. Programs other than browsers send no origin. Without a list,
 * pages may that were served by the host which the browser has asked: no page can name another one in these headers.
 */
export function isOriginAllowed({ headers }: IncomingMessage, allowedOrigins: readonly string[]): boolean {
  const { origin } = headers;
  if (origin === undefined || allowedOrigins.includes('*')) return true;
  if (allowedOrigins.length > 0) return allowedOrigins.includes(origin);
  const forwarded = String(headers['x-forwarded-host'] ?? '')
    .split(',', 1)[0]
    ?.trim();
  return isOfHost(origin, forwarded === undefined || forwarded === '' ? (headers.host ?? '') : forwarded);
}

function isOfHost(origin: string, host: string): boolean {
  if (!/^https?:\/\//.test(origin) || !URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  // The port that a scheme means may be named or not.
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === originHost;
}

/** Answers whose call it is. @throws RunnerError `unauthorized` or `origin_refused` */
export function authorize(
  request: IncomingMessage,
  { keys, allowedOrigins }: { keys: ApiKeys; allowedOrigins: readonly string[] },
): string {
  if (!isOriginAllowed(request, allowedOrigins)) {
    throw new RunnerError(
      'origin_refused',
      'Pages of this origin may not call; REPL_RUNNER_ALLOWED_ORIGINS names others.',
    );
  }
  const name = callerName(request, keys);
  if (name === null) {
    throw new RunnerError('unauthorized', 'This call needs the header "Authorization: Bearer …" with the right token.');
  }
  return name;
}
