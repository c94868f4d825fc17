/** What the end of a websocket means to a client: try again, or tell the person why not. Pure. */
import { parseCloseReason } from './protocol.js';
import { ReplError } from './repl-error.js';

/** Close codes after which a client reconnects: going away, no code, abnormal, draining, not yet. */
const resumable: ReadonlySet<number> = new Set([1001, 1005, 1006, 1012, 1013]);

const endings: Readonly<Record<number, readonly [code: string, sentence: string]>> = {
  4000: ['exited', 'The REPL has ended.'],
  4001: ['taken_over', 'The session was taken over by another connection.'],
  4002: ['deleted', 'The session was deleted.'],
  4400: ['malformed', 'The runner did not understand this client.'],
  4401: ['unauthorized', 'The runner does not let this client in without a valid token.'],
  4403: ['forbidden', 'The runner does not let this client attach.'],
  4404: ['unknown', 'The runner does not know the session any more.'],
  4408: ['expired', 'The session reached the end of its time.'],
  4410: ['gone', 'The session has ended.'],
  4500: ['sandbox_lost', "The session's sandbox was lost."],
};

/** The close codes that end a terminal for good, by name. */
export const finalCloseCodes: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(endings).map(([code, [name]]) => [name, Number(code)]),
);

/** null when it is worth trying again. */
export function closeVerdict(code: number, reason: string): ReplError | null {
  if (resumable.has(code)) return null;
  const ending = endings[code];
  if (ending !== undefined) return new ReplError(ending[0], ending[1]);
  return new ReplError('closed', `${parseCloseReason(reason) ?? 'The runner closed the terminal.'} (${code})`);
}
