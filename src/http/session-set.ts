/** What the HTTP layer needs of sessions, and no more: `session/sessions` is one implementation, the tests' double another. */
import type { Limits } from '../sandbox/limits.js';
import type { RestartRequest, SessionSignal, StartRequest, TerminalSize } from '../session/start-request.js';

export interface SessionSet {
  /** Throws RunnerError; nothing is left behind when it does, nor when the signal aborts. */
  start(request: StartRequest, signal: AbortSignal): Promise<SessionHandle>;
  /** By either id. Throws RunnerError `session_unknown` or `session_ended`. */
  find(id: string): { session: SessionHandle; role: 'owner' | 'viewer' };
  list(): readonly SessionHandle[];
  capacity(): Capacity;
}

export interface Capacity {
  readonly ready: boolean;
  readonly sessions: number;
  readonly maxSessions: number;
  /** Sandboxes that are warm or being made, and starts that wait for one, by language. */
  readonly pools: Readonly<
    Record<string, { readonly warm: number; readonly creating: number; readonly waiting: number }>
  >;
  /** Names of replicas whose sessions live here. */
  readonly serves: readonly string[];
}

export interface SessionHandle {
  readonly id: string;
  readonly viewId: string;
  readonly language: string;
  readonly limits: Limits;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly cold: boolean;
  readonly waitMs: number;
  readonly state: 'starting' | 'running' | 'exited' | 'ended';
  readonly exit: { outcome: string; exitCode: number | null; signal: string | null } | null;
  readonly attachments: { owner: boolean; viewers: number };
  restart(request: RestartRequest, signal: AbortSignal): Promise<void>;
  resize(size: TerminalSize): Promise<void>;
  signal(name: SessionSignal): Promise<void>;
  end(reason: 'deleted'): Promise<void>;
}
