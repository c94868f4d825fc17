/** What the HTTP layer needs of sessions, and no more: `session/sessions` is one implementation, the tests' double another. */
import type { ProgramRequest, ProgramResult } from '../execution/run-program.js';
import type { AgentConnection } from '../agent/agent-connection.js';
import type { Limits } from '../sandbox/limits.js';
import type {
  ForkRequest,
  RestartRequest,
  SessionSignal,
  StartRequest,
  TerminalSize,
} from '../session/start-request.js';
import type { PackReport, Workspace } from '../workspace/workspace.js';

export interface SessionSet {
  /** Throws RunnerError; nothing is left behind when it does, nor when the signal aborts. */
  start(request: StartRequest, signal: AbortSignal): Promise<SessionHandle>;
  /** A start with the files of the session that has this id. Rejects as `find` and `start` do; that session goes on. */
  fork(id: string, request: ForkRequest, signal: AbortSignal): Promise<{ session: SessionHandle; copy: PackReport }>;
  /** By either id. Throws RunnerError `session_unknown` or `session_ended`. */
  find(id: string): { session: SessionHandle; role: 'owner' | 'viewer' };
  list(): readonly SessionHandle[];
  capacity(): Capacity;
}

export interface Capacity {
  /** What a start would be refused with, or null. */
  readonly refusal: 'draining' | 'driver_unavailable' | 'capacity_exhausted' | null;
  readonly sessions: number;
  readonly maxSessions: number;
  /** Sandboxes that are warm or being made, and starts that wait for one, by language. */
  readonly pools: Readonly<
    Record<string, { readonly warm: number; readonly creating: number; readonly waiting: number }>
  >;
  readonly states: Readonly<Record<'starting' | 'running' | 'exited', number>>;
  /** Names of replicas whose sessions live here. */
  readonly serves: readonly string[];
}

/** What a workspace can do, without how. */
export type WorkspaceHandle = Pick<Workspace, keyof Workspace>;

export interface SessionHandle {
  readonly id: string;
  readonly viewId: string;
  readonly language: string;
  readonly limits: Limits;
  /** The names that its programs may reach. */
  readonly egress: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly cold: boolean;
  readonly waitMs: number;
  readonly state: 'starting' | 'running' | 'exited' | 'ended';
  readonly exit: { outcome: string; exitCode: number | null; signal: string | null } | null;
  readonly attachments: { owner: boolean; viewers: number };
  readonly workspace: WorkspaceHandle;
  restart(request: RestartRequest, signal: AbortSignal): Promise<void>;
  resize(size: TerminalSize): Promise<void>;
  signal(name: SessionSignal): Promise<void>;
  /** Runs a program beside the REPL; `onStart` is awaited once nothing but the program itself can refuse. */
  run(request: ProgramRequest, onStart: () => Promise<void> | undefined, signal: AbortSignal): Promise<ProgramResult>;
  /** Lends its sandbox for work beside the REPL. Throws RunnerError where the state does not allow it. */
  use<T>(work: (connection: AgentConnection) => Promise<T>): Promise<T>;
  end(reason: 'deleted'): Promise<void>;
}
