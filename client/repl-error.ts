/** The one error that the client throws and tells of. Decide by `code`; `message` is for people. */

/**
 * The runner's own codes (docs/api.md), the close codes of a terminal (docs/protocol.md), and what only a client sees:
 * `unreachable` (no answer), `not_a_runner` (an answer that no runner gives), `aborted` (the caller's own signal),
 * `connection_lost` (a terminal that could not be resumed in time), `no_websocket` (a platform without one).
 */
export class ReplError extends Error {
  readonly code: string;
  /** Whether the same may succeed later. */
  readonly retryable: boolean;
  /** After how many seconds, where the runner said so. */
  readonly retryAfterSeconds: number | null;

  constructor(
    code: string,
    message: string,
    options: { retryable?: boolean; retryAfterSeconds?: number | null; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ReplError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}
