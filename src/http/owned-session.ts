/** The session that a request's path names, for calls that only its owner may make. */
import type { Request } from 'express';
import { RunnerError } from '../errors.js';
import type { SessionHandle, SessionSet } from './session-set.js';

/** The id in the path, '' where there is none. */
export function idOf(request: Request): string {
  const { id } = request.params;
  return typeof id === 'string' ? id : '';
}

/** Throws RunnerError `session_unknown` for a view id as well, since that one can only watch. */
export function ownedSession(sessions: SessionSet, id: string): SessionHandle {
  const { session, role } = sessions.find(id);
  if (role === 'owner') return session;
  throw new RunnerError('session_unknown', 'There is no session that this id may change.');
}
