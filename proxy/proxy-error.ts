/**
 * What the proxy itself refuses with: one table of codes, which holds the runner's own words where it means the same.
 * `send-error` turns a code into a status, `refuse-upgrade` into a close code. The table in docs/api.md is tested against
 * this one.
 */
import type { ErrorCode as RunnerErrorCode } from '../src/errors.js';
import type { CloseReason } from '../src/terminal/protocol.js';

type ProxyOnlyCode = 'forbidden' | 'replica_failed' | 'replica_unavailable' | 'replica_timeout';

interface Meaning {
  readonly status: number;
  readonly retryable: boolean;
  /** How a websocket learns of it. */
  readonly close: CloseReason;
}

export const proxyErrors = {
  malformed_request: { status: 400, retryable: false, close: 'unknown' },
  unauthorized: { status: 401, retryable: false, close: 'unauthorized' },
  forbidden: { status: 403, retryable: false, close: 'forbidden' },
  session_unknown: { status: 404, retryable: false, close: 'unknown' },
  route_unknown: { status: 404, retryable: false, close: 'unknown' },
  session_ended: { status: 410, retryable: false, close: 'gone' },
  body_too_large: { status: 413, retryable: false, close: 'unknown' },
  too_many_starts: { status: 429, retryable: true, close: 'not_yet' },
  too_many_sessions: { status: 429, retryable: true, close: 'not_yet' },
  internal: { status: 500, retryable: false, close: 'not_yet' },
  replica_failed: { status: 502, retryable: true, close: 'not_yet' },
  capacity_exhausted: { status: 503, retryable: true, close: 'not_yet' },
  replica_unavailable: { status: 503, retryable: true, close: 'not_yet' },
  replica_timeout: { status: 504, retryable: true, close: 'not_yet' },
} as const satisfies Partial<Record<RunnerErrorCode | ProxyOnlyCode, Meaning>>;

export type ProxyErrorCode = keyof typeof proxyErrors;

export class ProxyError extends Error {
  readonly code: ProxyErrorCode;
  readonly context: Readonly<Record<string, string | number>>;

  /** @param message a full sentence for the person who reads it */
  constructor(
    code: ProxyErrorCode,
    message: string,
    options: { context?: Readonly<Record<string, string | number>>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ProxyError';
    this.code = code;
    this.context = options.context ?? {};
  }
}
