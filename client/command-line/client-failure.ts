/** Turns what the client throws into one sentence for the person, with the code and what to do. Pure. */
import { ReplError } from '../repl-error.js';
import { ClientError } from './client-error.js';

const remedies: Readonly<Record<string, string>> = {
  unauthorized: 'Give its token in REPL_RUNNER_API_TOKEN or with --token-file.',
  capacity_exhausted: 'Try again in a moment.',
  draining: 'Try again in a moment.',
  language_unknown: 'Choose one with --language.',
  body_too_large: 'Give fewer or smaller files.',
  archive_too_large: 'Give fewer or smaller files.',
  sandbox_failed: 'Try again; if it stays so, look at the log of the runner.',
  internal: 'Look at the log of the runner.',
  unreachable: 'Is it running, and the address right?',
  not_a_runner: 'Name another address with --url.',
  connection_lost: 'The session is lost.',
};

/** Codes that no runner gave, and that say no more than their sentences. */
const seenHere: ReadonlySet<string> = new Set(['unreachable', 'not_a_runner', 'connection_lost', 'closed']);

/** What is no ReplError stays as it is. */
export function clientFailure(error: unknown): unknown {
  if (!(error instanceof ReplError)) return error;
  const { code, message } = error;
  const said = seenHere.has(code) ? message : `${message} (${code})`;
  const remedy = remedies[code];
  return new ClientError(remedy === undefined ? said : `${said} ${remedy}`, { cause: error });
}
