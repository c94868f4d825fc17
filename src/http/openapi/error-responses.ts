/** The responses of an operation when it fails: a status each, with the codes that the answer may carry. */
import { errorCodes, type ErrorCode } from '../../errors.js';
import type { Route } from '../route.js';
import { errorMeanings } from './error-meanings.js';
import type { Node } from './node.js';

const ofAll: readonly ErrorCode[] = ['internal'];
const behindToken: readonly ErrorCode[] = ['unauthorized', 'origin_refused'];
/** A path that cannot be decoded. */
const ofPaths: readonly ErrorCode[] = ['malformed_request'];
/** A replica that drains lets go of its sessions, for another one to take them up. */
const ofSessions: readonly ErrorCode[] = ['draining'];
const ofBodies: readonly ErrorCode[] = [
  ...(['malformed_request', 'body_too_large', 'media_type_unsupported'] as const),
  'request_invalid',
];
const ofArchives: readonly ErrorCode[] = ['archive_too_large', 'archive_invalid', 'archive_unsafe', 'disk_full'];

/** Every code that this call may be answered with, in the order of the table. */
function errorsOf({ path, open, query, body, errors = [] }: Route): ErrorCode[] {
  const possible = new Set<string>([
    ...ofAll,
    ...(open === true ? [] : behindToken),
    ...(/[:*]/.test(path) ? ofPaths : []),
    ...(path.includes(':id') ? ofSessions : []),
    ...(query === undefined ? [] : ['request_invalid']),
    ...(body === undefined ? [] : ofBodies),
    ...(body?.formOptions === undefined ? [] : ofArchives),
    ...errors,
  ]);
  return (Object.keys(errorCodes) as ErrorCode[]).filter((code) => possible.has(code));
}

/** By status. */
export function errorResponses(route: Route): Node {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(route)) {
    const { status } = errorCodes[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, errorResponse(status, codes)]));
}

function errorResponse(status: number, codes: readonly ErrorCode[]): Node {
  const narrowed = { type: 'object', properties: { error: { properties: { code: { enum: codes } } } } };
  return {
    description: codes.map((code) => `\`${code}\`: ${errorMeanings[code]}.`).join('\n\n'),
    headers: {
      'X-Request-Id': { $ref: '#/components/headers/RequestId' },
      ...(status === 401 ? { 'WWW-Authenticate': { $ref: '#/components/headers/Authenticate' } } : {}),
      ...(status === 429 || status === 503 ? { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } : {}),
    },
    content: { 'application/json': { schema: { allOf: [{ $ref: '#/components/schemas/Error' }, narrowed] } } },
  };
}
