/** The names that a request wants its programs to reach, where the operator allows them all. Pure. */
import type { EgressEntry } from '../egress/allow-list.js';
import type { IncomingHttpHeaders } from 'node:http';
import { RunnerError } from '../errors.js';

/** What the proxy says of a request that comes from a browser: `refused` unless the host app's `authorize` allows it. */
const permission = 'x-repl-egress';

/** Null where it says nothing of it. Throws RunnerError `egress_refused`. */
export function requestedEgress(
  asked: boolean | readonly string[] | undefined,
  entries: readonly Pick<EgressEntry, 'name'>[],
  headers: IncomingHttpHeaders,
): readonly string[] | null {
  if (asked === undefined) return null;
  if (asked === false) return [];
  if (headers[permission] === 'refused' && (asked === true || asked.length > 0)) {
    const message = 'A way out is not for this client to ask for; see `authorize` in docs/embedding.md.';
    throw new RunnerError('egress_refused', message, { context: { allowed: [] } });
  }
  const allowed = [...new Set(entries.map(({ name }) => name))];
  if (allowed.length === 0 && (asked === true || asked.length > 0)) {
    throw new RunnerError('egress_refused', 'No session here may have a way out; see REPL_RUNNER_EGRESS.', {
      context: { allowed },
    });
  }
  const names = asked === true ? allowed : asked;
  const refused = names.filter((name) => !allowed.includes(name));
  if (refused.length === 0) return names;
  const shown = refused.map((name) => name.slice(0, 100)).join(', ');
  throw new RunnerError('egress_refused', `These may not be reached from here: ${shown}.`, { context: { allowed } });
}
