/** Ties work to the client that waits for it. */
import type { ServerResponse } from 'node:http';
import { RunnerError } from '../errors.js';

/** A signal that is aborted when the connection closes before the answer was written. */
export function abortOnClose(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new RunnerError('internal', 'The client went away.'));
  });
  return controller.signal;
}
