/**
 * The words of a repl.v1 websocket as a client says and reads them. Pure. Types that are unknown here are passed over, for
 * newer runners. It is tested against the runner's own tables, which a browser cannot load.
 */
import { asRecord } from './record.js';

export const subprotocol = 'repl.v1';
/** An attach token is offered as one more subprotocol, with this before it. */
export const attachTokenPrefix = 'repl.attach.';

export const sessionSignals = ['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGQUIT', 'SIGHUP', 'SIGTSTP', 'SIGCONT'] as const;
export type SessionSignal = (typeof sessionSignals)[number];

export interface TerminalSize {
  /** 1 to 1000 each. */
  readonly cols: number;
  readonly rows: number;
}

export interface TerminalExit {
  /** `ok`, `out_of_memory`, `signal` and so on; see docs/api.md. */
  readonly outcome: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export type ClientMessage =
  | { readonly type: 'resize'; readonly cols: number; readonly rows: number }
  | { readonly type: 'ack'; readonly offset: number }
  | { readonly type: 'signal'; readonly name: SessionSignal }
  | { readonly type: 'ping'; readonly t: number };

export type HeardMessage =
  | {
      readonly type: 'hello';
      readonly epoch: string;
      readonly offset: number;
      readonly size: TerminalSize;
      readonly role: 'owner' | 'viewer';
    }
  | { readonly type: 'replayed' | 'reset' | 'restarted'; readonly offset: number }
  | { readonly type: 'resized'; readonly size: TerminalSize }
  | { readonly type: 'warning'; readonly reason: string; readonly seconds: number }
  | { readonly type: 'exit'; readonly exit: TerminalExit }
  | { readonly type: 'pong' };

type Fields = Readonly<Record<string, unknown>>;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function sizeOf({ cols, rows }: Fields): TerminalSize | null {
  return isCount(cols) && isCount(rows) && cols > 0 && rows > 0 ? { cols, rows } : null;
}

function parsed(text: string): Fields | null {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return null;
  }
}

/** null for what this client has no use for. */
export function parseServerMessage(text: string): HeardMessage | null {
  const fields = parsed(text);
  return fields === null ? null : messageOf(fields);
}

function messageOf(fields: Fields): HeardMessage | null {
  const { type, offset } = fields;
  switch (type) {
    case 'hello':
      return helloOf(fields);
    case 'replayed':
    case 'reset':
    case 'restarted':
      return isCount(offset) ? { type, offset } : null;
    case 'resized': {
      const size = sizeOf(fields);
      return size === null ? null : { type, size };
    }
    case 'warning': {
      const { reason, seconds } = fields;
      return typeof reason === 'string' && typeof seconds === 'number' ? { type, reason, seconds } : null;
    }
    case 'exit': {
      const { outcome, exit_code: exitCode, signal } = fields;
      if (typeof outcome !== 'string') return null;
      return { type, exit: { outcome, exitCode: numberOrNull(exitCode), signal: textOrNull(signal) } };
    }
    case 'pong':
      return { type };
    default:
      return null;
  }
}

function helloOf(fields: Fields): HeardMessage | null {
  const { epoch, offset, role } = fields;
  const size = sizeOf(fields);
  if (typeof epoch !== 'string' || !isCount(offset) || size === null) return null;
  return { type: 'hello', epoch, offset, size, role: role === 'viewer' ? 'viewer' : 'owner' };
}

/** The sentence in the reason of a close frame, or null. */
export function parseCloseReason(text: string): string | null {
  return textOrNull(parsed(text)?.message);
}
