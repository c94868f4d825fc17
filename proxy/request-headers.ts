/**
 * What of a client's headers a replica gets to see. Credentials are the host app's business and stay outside: the replica
 * gets the proxy's own. Pure.
 */
import type { IncomingHttpHeaders } from 'node:http';

export interface Origin {
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string | undefined;
  readonly encrypted: boolean;
}

export interface Additions {
  /** Null when the replicas want none. */
  readonly apiToken: string | null;
  readonly requestId: string;
  /** Whether the request may ask for a way out. */
  readonly egress: boolean;
}

/** Credentials, and what concerns the connection to the client alone. */
export const withheldHeaders: readonly string[] = [
  'authorization',
  'cookie',
  'proxy-authorization',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'expect',
];

/** What is put in place of whatever the client sent. X-Forwarded-For grows by one; the rest is the first proxy's word. */
export function addedHeaders(
  { headers, remoteAddress, encrypted }: Origin,
  { apiToken, requestId, egress }: Additions,
) {
  const before = headers['x-forwarded-for'];
  const chain = [...(typeof before === 'string' && before !== '' ? [before] : []), remoteAddress ?? 'unknown'];
  const added: Record<string, string> = {
    'x-request-id': requestId,
    'x-repl-egress': egress ? 'allowed' : 'refused',
    'x-forwarded-for': chain.join(', '),
    'x-forwarded-proto': single(headers['x-forwarded-proto']) ?? (encrypted ? 'https' : 'http'),
    'x-forwarded-host': single(headers['x-forwarded-host']) ?? headers.host ?? '',
  };
  if (apiToken !== null) added.authorization = `Bearer ${apiToken}`;
  return added;
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
