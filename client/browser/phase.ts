/** Where a terminal on a page is, from nothing to the end of its session. Pure. */
import type { TerminalExit } from '../protocol.js';
import type { ReplError } from '../repl-error.js';

export type Phase =
  | { readonly kind: 'idle' }
  /** A session is asked for. */
  | { readonly kind: 'starting' }
  /** The session is there, its terminal is not yet. */
  | { readonly kind: 'connecting' }
  /** Attached; `printed` once something is on the screen. */
  | { readonly kind: 'live'; readonly role: 'owner' | 'viewer'; readonly printed: boolean }
  | { readonly kind: 'restarting' }
  /** The connection broke and is tried again by itself. */
  | { readonly kind: 'reconnecting' }
  /** The connection broke for so long that it was given up; a person or the network can start it again. */
  | { readonly kind: 'lost' }
  /** The REPL has ended; files and screen are still there. */
  | { readonly kind: 'exited'; readonly exit: TerminalExit }
  | { readonly kind: 'ending' }
  /** The session is over; null when it was ended here. */
  | { readonly kind: 'ended'; readonly error: ReplError | null }
  /** It could not be started. */
  | { readonly kind: 'failed'; readonly error: ReplError };

export type PhaseAction = 'start' | 'stop' | 'restart' | 'end' | 'retry';

/** What can be done in a phase. A viewer can do nothing. */
export function actionsOf(phase: Phase): ReadonlySet<PhaseAction> {
  switch (phase.kind) {
    case 'idle':
    case 'failed':
      return new Set(['start']);
    case 'ended':
      return new Set(phase.error?.code === 'taken_over' ? ['retry', 'start'] : ['start']);
    case 'live':
      return new Set(phase.role === 'owner' ? ['stop', 'restart', 'end'] : []);
    case 'exited':
      return new Set(['restart', 'end']);
    case 'reconnecting':
    case 'lost':
      return new Set(['retry', 'end']);
    case 'starting':
    case 'connecting':
    case 'restarting':
    case 'ending':
      return new Set();
  }
}
