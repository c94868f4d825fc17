/**
 * Which requests are the proxy's, read off method and path alone: starting a session, and everything under one session's
 * id. `GET /repl`, which lists all sessions, is not among them, and nothing else of a runner is either. Pure.
 */
import type { ProxyErrorCode } from './proxy-error.js';

export type Route =
  | { readonly kind: 'start' }
  | { readonly kind: 'session'; readonly id: string; readonly replica: string }
  /** The path is the proxy's, but what it says cannot be served. */
  | { readonly kind: 'refused'; readonly code: ProxyErrorCode; readonly message: string }
  | { readonly kind: 'foreign' };

/** `<replica>.<uuid v4>` in its one spelling. */
const sessionId = /^([a-z0-9-]{1,40})\.[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** What some program on the way might read as another path than this one. */
const ambiguous = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)|\/\/|\\|%5c|#/i;

/** @param url as it stands in the request line */
export function routeOf(method: string, url: string): Route {
  const [path = ''] = url.split('?', 1);
  if (path === '/repl') return method === 'POST' ? { kind: 'start' } : { kind: 'foreign' };
  const id = /^\/repl\/([^/]+)(?:\/|$)/.exec(path)?.[1];
  if (id === undefined) return { kind: 'foreign' };
  const replica = sessionId.exec(id)?.[1];
  if (replica === undefined) return { kind: 'refused', code: 'session_unknown', message: 'That is no session id.' };
  if (ambiguous.test(path)) {
    return {
      kind: 'refused',
      code: 'malformed_request',
      message: 'A path has no dot segments and no empty ones here.',
    };
  }
  return { kind: 'session', id, replica };
}
