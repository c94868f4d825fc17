/** What `POST /repl` asks for, after http has validated it. */
import type { Limits } from '../sandbox/limits.js';
import type { WorkspaceEntry } from '../workspace/entry.js';

/** Columns and rows of a terminal, each 1 to 1000. */
export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}

export interface StartRequest {
  /** The name of the API key that the session counts for; absent, it counts for none. */
  readonly key?: string;
  readonly language: string;
  readonly entries: readonly WorkspaceEntry[];
  /** Code for the REPL's namespace before the first prompt, or null. */
  readonly startup: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly size: TerminalSize;
  /** The names that its programs may reach, all of them allowed by the operator; absent, none. */
  readonly egress?: readonly string[];
  /** Only what differs from the runner's defaults; already checked against the maxima. */
  readonly limits: Partial<Limits>;
}

/** A start with the files of another session; what is not said of limits and egress is as there. */
export type ForkRequest = Omit<StartRequest, 'language' | 'entries'>;

export interface RestartRequest {
  /** Null keeps the files as they are; otherwise these replace them. */
  readonly entries: readonly WorkspaceEntry[] | null;
  readonly startup: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly size: TerminalSize | null;
}

/** The signals that a terminal's person may send to the foreground process group. */
export const sessionSignals = ['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGQUIT', 'SIGHUP', 'SIGTSTP', 'SIGCONT'] as const;
export type SessionSignal = (typeof sessionSignals)[number];
