/** `POST /repl/:id/fork`: a new session with a copy of another one's files, and a true word about what that leaves behind. */
import type { Request, Response } from 'express';
import type { ErrorCode } from '../../errors.js';
import { abortOnClose } from '../abort-on-close.js';
import type { AppParts } from '../app-parts.js';
import { callerOf } from '../caller.js';
import { forkAnswerSchema, forkSchema } from '../file-schemas.js';
import { idOf, ownedSession } from '../owned-session.js';
import { requestedEgress } from '../requested-egress.js';
import { requestedLimits } from '../requested-limits.js';
import type { Route } from '../route.js';
import type { RequestSchemas } from '../schemas.js';
import { sessionAnswer } from '../session-answer.js';
import { defaultSize, readOptionalJson } from '../upload.js';
import { validate } from '../validate.js';

const copied = ['files', 'folders', 'symbolic links', 'executable bits'];
/** Variables of the environment that the first session was started with are its own too; the fork may be given some. */
const notCopied = ['processes', 'variables', 'environment', 'terminal output', 'times of files', '/tmp'];

const ofForks: readonly ErrorCode[] = [
  ...([
    'session_unknown',
    'session_ended',
    'session_state',
    'session_busy',
    'sandbox_failed',
    'language_unknown',
    'egress_refused',
  ] as const),
  ...(['archive_invalid', 'archive_too_large', 'disk_full'] as const),
  ...(['too_many_starts', 'too_many_sessions', 'capacity_exhausted', 'draining', 'driver_unavailable'] as const),
];

export function forkRoute({ sessions, config }: AppParts, schemas: RequestSchemas): Route {
  const schema = forkSchema(schemas);
  return {
    method: 'post',
    path: '/repl/:id/fork',
    operationId: 'fork_session',
    tag: 'Sessions',
    summary: 'A new session with a copy of the files of this one.',
    body: { json: schema, example: { env: { NAME: 'Arthur' } } },
    answer: { status: 201, schema: forkAnswerSchema, location: true },
    errors: ofForks,
    handle: async (request: Request, response: Response) => {
      const signal = abortOnClose(response);
      const { id } = ownedSession(sessions, idOf(request));
      const options = validate(schema, await readOptionalJson(request, config.maxBodyBytes));
      const { startup = null, env = {}, terminal: size = defaultSize, limits = {} } = options;
      const egress = requestedEgress(options.egress, config.egress.entries, request.headers);
      signal.throwIfAborted();
      const { session, copy } = await sessions.fork(
        id,
        {
          ...{ key: callerOf(response), startup, env, size, limits: requestedLimits(limits) },
          ...(egress === null ? {} : { egress }),
        },
        signal,
      );
      if (signal.aborted) {
        await session.end('deleted');
        return;
      }
      const { files, bytes, leftOut, leftOutCount } = copy;
      response
        .status(201)
        .location(`/repl/${session.id}`)
        .json({
          ...sessionAnswer(session, 'owner'),
          fork: { files, bytes, copied, not_copied: notCopied, left_out: leftOut, left_out_count: leftOutCount },
        });
    },
  };
}
