/**
 * Finds a session whose replica's name more than one replica answers to: a successor has adopted sessions of a replica that
 * is back with its old name. Nobody but they themselves knows which of them has it, so they are asked.
 */
import { exchange } from './exchange.js';
import { ProxyError } from './proxy-error.js';

export interface FindBounds {
  readonly connectTimeoutMs: number;
  /** For each replica that is asked. */
  readonly probeTimeoutMs: number;
}

/**
 * The first of the addresses where the session is; without one the first of all, which says best what became of it. Throws
 * ProxyError `replica_unavailable` when one that might have it does not answer.
 */
export async function findSession(
  urls: readonly [string, ...string[]],
  session: { id: string; apiToken: string | null },
  bounds: FindBounds,
): Promise<string> {
  let silent = false;
  for (const url of urls) {
    const has = await hasSession(url, session, bounds);
    if (has === true) return url;
    silent ||= has === null;
  }
  if (silent) throw new ProxyError('replica_unavailable', 'The replica of this session is away at the moment.');
  return urls[0];
}

/** Whether a session lives at this address; null when there is no answer. */
export async function hasSession(
  url: string,
  { id, apiToken }: { id: string; apiToken: string | null },
  { connectTimeoutMs, probeTimeoutMs }: FindBounds,
): Promise<boolean | null> {
  const ended = new AbortController();
  const timer = setTimeout(() => {
    ended.abort();
  }, probeTimeoutMs);
  const headers = apiToken === null ? {} : { authorization: `Bearer ${apiToken}` };
  try {
    const call = { method: 'GET', path: `/repl/${id}`, headers, body: null };
    const answer = await exchange(url, call, { connectTimeoutMs, signal: ended.signal });
    const { statusCode = 500 } = answer;
    return statusCode < 500 ? statusCode < 400 : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
}
