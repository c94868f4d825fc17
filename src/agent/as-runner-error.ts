/**
 * What an agent refuses, or answers in a form that cannot be, in the runner's own codes. The only place that knows the agent's
 * codes.
 */
import { z } from 'zod';
import { RunnerError, type ErrorCode } from '../errors.js';
import { AgentRefusal } from './pending-requests.js';

const codes: Readonly<Record<string, ErrorCode>> = {
  archive_invalid: 'archive_invalid',
  busy: 'session_busy',
  disk_full: 'disk_full',
  file_exists: 'file_exists',
  file_kind: 'file_kind',
  file_locked: 'file_locked',
  file_unknown: 'file_unknown',
  path_invalid: 'path_invalid',
  path_unsafe: 'path_unsafe',
  state: 'session_state',
  too_large: 'archive_too_large',
};

/** @param path which file it is about, where it is about one; as an error may show it */
export function asRunnerError(error: unknown, path?: string): RunnerError {
  if (error instanceof RunnerError) return error;
  if (error instanceof z.ZodError) {
    return new RunnerError('sandbox_failed', 'The agent answers what cannot be.', { cause: error });
  }
  if (!(error instanceof AgentRefusal)) {
    return new RunnerError('internal', 'The session could not do that.', { cause: error });
  }
  // An own one: an agent may call its refusal `constructor`.
  const code = (Object.hasOwn(codes, error.code) ? codes[error.code] : undefined) ?? 'sandbox_failed';
  const reason = error.message.slice(0, 200);
  if (path === undefined) return new RunnerError(code, `The sandbox refused: ${reason}.`, { cause: error });
  return new RunnerError(code, `"${path}" is refused: ${reason}.`, { context: { path, reason }, cause: error });
}
