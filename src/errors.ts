/**
 * The one error type that crosses module borders, and the one table of its codes.
 * Adapters translate what dockerode, errno or zod throw into a RunnerError; `http/error-response` alone turns a code into
 * a status, the terminal alone turns one into a close code. The table in docs/api.md is tested against this one.
 */
export const errorCodes = {
  malformed_request: { status: 400, retryable: false },
  unauthorized: { status: 401, retryable: false },
  origin_refused: { status: 403, retryable: false },
  egress_refused: { status: 403, retryable: false },
  file_locked: { status: 403, retryable: false },
  session_unknown: { status: 404, retryable: false },
  file_unknown: { status: 404, retryable: false },
  route_unknown: { status: 404, retryable: false },
  method_not_allowed: { status: 405, retryable: false },
  session_state: { status: 409, retryable: false },
  file_exists: { status: 409, retryable: false },
  file_kind: { status: 409, retryable: false },
  session_ended: { status: 410, retryable: false },
  body_too_large: { status: 413, retryable: false },
  archive_too_large: { status: 413, retryable: false },
  file_too_large: { status: 413, retryable: false },
  media_type_unsupported: { status: 415, retryable: false },
  request_invalid: { status: 422, retryable: false },
  language_unknown: { status: 422, retryable: false },
  archive_invalid: { status: 422, retryable: false },
  archive_unsafe: { status: 422, retryable: false },
  path_invalid: { status: 422, retryable: false },
  path_unsafe: { status: 422, retryable: false },
  disk_full: { status: 422, retryable: false },
  too_many_starts: { status: 429, retryable: true },
  too_many_sessions: { status: 429, retryable: true },
  internal: { status: 500, retryable: false },
  sandbox_failed: { status: 502, retryable: true },
  capacity_exhausted: { status: 503, retryable: true },
  session_busy: { status: 503, retryable: true },
  draining: { status: 503, retryable: true },
  driver_unavailable: { status: 503, retryable: true },
} as const satisfies Record<string, { status: number; retryable: boolean }>;

export type ErrorCode = keyof typeof errorCodes;

export type ErrorContext = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export class RunnerError extends Error {
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  /** @param message a full sentence for the person who reads it, naming the remedy where there is one */
  constructor(code: ErrorCode, message: string, options: { context?: ErrorContext; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'RunnerError';
    this.code = code;
    this.context = options.context ?? {};
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }
}
