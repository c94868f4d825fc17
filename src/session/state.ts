/** The states of a session and every legal edge between them, with its reason. Pure; an illegal edge throws. */
import { RunnerError } from '../errors.js';

export type SessionState = 'starting' | 'running' | 'exited' | 'ended';

const edges: Readonly<Record<SessionState, readonly SessionState[]>> = {
  // the REPL runs; it may end before its start was answered; the start failed
  starting: ['running', 'exited', 'ended'],
  // the REPL ended by itself; the session ended
  running: ['exited', 'ended'],
  // it was restarted; the session ended
  exited: ['running', 'ended'],
  ended: [],
};

export function transition(from: SessionState, to: SessionState): SessionState {
  if (!edges[from].includes(to)) {
    throw new RunnerError('session_state', `A session that is ${from} cannot become ${to}.`, {
      context: { state: from },
    });
  }
  return to;
}
