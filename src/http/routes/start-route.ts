/**
 * `POST /repl`: from an upload to a session. The hot path: it validates, hands over, and answers. A client that goes away
 * aborts the start; a session that nobody learns of is ended.
 */
import type { Request, Response } from 'express';
import type { AppParts } from '../app-parts.js';
import { assertKnownLanguage } from '../known-language.js';
import { requestedEgress } from '../requested-egress.js';
import { requestedLimits } from '../requested-limits.js';
import { callerOf } from '../caller.js';
import type { Route } from '../route.js';
import { sessionSchema, startQuerySchema, type RequestSchemas, type StartOptions } from '../schemas.js';
import { sessionAnswer } from '../session-answer.js';
import { defaultSize, readUpload, type UploadShape } from '../upload.js';
import { validate } from '../validate.js';
import { abortOnClose } from '../abort-on-close.js';

const example = {
  language: 'python',
  files: { 'hiker.py': 'def answer():\n    return 6 * 7\n' },
  startup: 'import hiker',
  terminal: { cols: 100, rows: 30 },
};

export function startRoute(parts: AppParts, schemas: RequestSchemas): Route {
  const shape = startShape(parts, schemas);
  return {
    method: 'post',
    path: '/repl',
    operationId: 'create_session',
    tag: 'Sessions',
    summary: "Starts a session from the user's files.",
    description:
      'Options and files as JSON; or an archive alone, with `language`, `cols` and `rows` in the query; or a form with both.',
    query: startQuerySchema,
    body: { json: schemas.start, formOptions: schemas.startOptions, example },
    answer: { status: 201, schema: sessionSchema, location: true, description: 'The session runs.' },
    errors: [
      ...(['language_unknown', 'egress_refused', 'too_many_starts', 'too_many_sessions', 'sandbox_failed'] as const),
      ...(['capacity_exhausted', 'draining', 'driver_unavailable'] as const),
    ],
    handle: (request, response) => start(parts, shape, request, response),
  };
}

async function start(
  { sessions, config, metrics }: AppParts,
  shape: UploadShape<StartOptions>,
  request: Request,
  response: Response,
): Promise<void> {
  const began = performance.now();
  const signal = abortOnClose(response);
  const { options, entries } = await readUpload(request, shape, config, signal);
  signal.throwIfAborted();
  const readMs = performance.now() - began;
  const { language, startup = null, env = {}, terminal = defaultSize, limits = {} } = options;
  const egress = requestedEgress(options.egress, config.egress.entries, request.headers);
  const session = await sessions.start(
    {
      key: callerOf(response),
      language,
      entries: entries ?? [],
      startup,
      env,
      size: terminal,
      ...(egress === null ? {} : { egress }),
      limits: requestedLimits(limits),
    },
    signal,
  );
  if (signal.aborted) {
    await session.end('deleted');
    return;
  }
  response.status(201).location(`/repl/${session.id}`).json(sessionAnswer(session, 'owner'));
  metrics.observeStart('read', session.cold, readMs);
  metrics.observeStart('total', session.cold, performance.now() - began);
}

function startShape({ languages, config }: AppParts, schemas: RequestSchemas): UploadShape<StartOptions> {
  return {
    options: schemas.startOptions,
    json: schemas.start,
    fromQuery: (query) => {
      const { language, cols = defaultSize.cols, rows = defaultSize.rows } = validate(startQuerySchema, query);
      return { language, terminal: { cols, rows } };
    },
    check: ({ language, egress }, headers) => {
      requestedEgress(egress, config.egress.entries, headers);
      assertKnownLanguage(language, languages);
    },
  };
}
