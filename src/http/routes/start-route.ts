/**
 * `POST /repl`: from an upload to a session. The hot path: it validates, hands over, and answers. A client that goes away
 * aborts the start; a session that nobody learns of is ended.
 */
import type { Request, Response } from 'express';
import { mib } from '../../config/settings.js';
import { RunnerError } from '../../errors.js';
import type { Limits } from '../../sandbox/limits.js';
import type { AppParts } from '../app-parts.js';
import type { Route } from '../route.js';
import { sessionSchema, startQuerySchema, type RequestSchemas, type StartOptions } from '../schemas.js';
import { sessionAnswer } from '../session-answer.js';
import { defaultSize, readUpload, type UploadShape } from '../upload.js';
import { validate } from '../validate.js';
import { abortOnClose } from '../abort-on-close.js';

export function startRoute(parts: AppParts, schemas: RequestSchemas): Route {
  const shape = startShape(parts, schemas);
  return {
    method: 'post',
    path: '/repl',
    summary: "Starts a session from the user's files.",
    query: startQuerySchema,
    body: { json: schemas.start, formOptions: schemas.startOptions },
    answer: { status: 201, schema: sessionSchema },
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
  const session = await sessions.start(
    { language, entries: entries ?? [], startup, env, size: terminal, limits: limitsOf(limits) },
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

function startShape({ languages }: AppParts, schemas: RequestSchemas): UploadShape<StartOptions> {
  const known = languages.map(({ name }) => name);
  return {
    options: schemas.startOptions,
    json: schemas.start,
    fromQuery: (query) => {
      const { language, cols = defaultSize.cols, rows = defaultSize.rows } = validate(startQuerySchema, query);
      return { language, terminal: { cols, rows } };
    },
    check: ({ language }) => {
      if (known.includes(language)) return;
      throw new RunnerError('language_unknown', `There is no such language here; there is ${known.join(', ')}.`, {
        context: { language, known },
      });
    },
  };
}

function limitsOf(asked: NonNullable<StartOptions['limits']>): Partial<Limits> {
  const { cpus, memory_mib: memoryMib, processes, disk_mib: diskMib, inodes } = asked;
  const { open_files: openFiles, file_mib: fileMib } = asked;
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(memoryMib === undefined ? {} : { memoryBytes: memoryMib * mib }),
    ...(processes === undefined ? {} : { processes }),
    ...(diskMib === undefined ? {} : { diskBytes: diskMib * mib }),
    ...(inodes === undefined ? {} : { inodes }),
    ...(openFiles === undefined ? {} : { openFiles }),
    ...(fileMib === undefined ? {} : { fileBytes: fileMib * mib }),
  };
}
