/** What a terminal tells the one who attached to it. */
import type { TerminalExit, TerminalSize } from './protocol.js';
import type { ReplError } from './repl-error.js';

export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly role: 'owner' | 'viewer' }
  /** The connection broke and is tried again after `delayMs`. */
  | { readonly kind: 'waiting'; readonly delayMs: number }
  /** Trying was given up; `retry`, a network that comes back and a look at the page begin anew. */
  | { readonly kind: 'lost'; readonly error: ReplError }
  /** Over: closed here (null), or by the runner for good. */
  | { readonly kind: 'closed'; readonly error: ReplError | null };

export interface TerminalListener {
  /** `taken` is to be called when the bytes are where they belong: only then may the program go on for long. */
  onOutput(data: Uint8Array, taken: () => void): void;
  onState?(state: ConnectionState): void;
  /** A connection begins; old output that follows was drawn at this size. */
  onHello?(size: TerminalSize): void;
  /** Old output is complete and taken: what is typed from now on reaches the REPL. */
  onReplayed?(): void;
  /** Output was lost: clear the screen, it is drawn anew. */
  onReset?(): void;
  onRestarted?(): void;
  onResized?(size: TerminalSize): void;
  /** The session ends by itself in so many seconds. */
  onWarning?(reason: string, seconds: number): void;
  /** The REPL has ended, all its output was handed on. A restart shows in the same connection. */
  onExit?(exit: TerminalExit): void;
}
