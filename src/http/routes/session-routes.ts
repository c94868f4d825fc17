/** The calls on sessions that exist. Only the owner's id changes anything; to a view id such calls say 404. */
import type { Request, Response } from 'express';
import { RunnerError } from '../../errors.js';
import type { AppParts } from '../app-parts.js';
import { abortOnClose } from '../abort-on-close.js';
import type { Route } from '../route.js';
import {
  restartQuerySchema,
  sessionListSchema,
  sessionSchema,
  signalSchema,
  terminalSizeSchema,
  type RequestSchemas,
  type RestartOptions,
} from '../schemas.js';
import { maskedSession, sessionAnswer } from '../session-answer.js';
import type { SessionHandle, SessionSet } from '../session-set.js';
import { defaultSize, readJson, readUpload, type UploadShape } from '../upload.js';
import { validate } from '../validate.js';

/** More than any body without files needs, in bytes. */
const maxSmallBodyBytes = 64 * 1024;

export function sessionRoutes(parts: AppParts, schemas: RequestSchemas): Route[] {
  return [...lookRoutes(parts), restartRoute(parts, schemas), ...terminalRoutes(parts)];
}

function lookRoutes({ sessions }: AppParts): Route[] {
  return [
    {
      method: 'get',
      path: '/repl',
      summary: 'All sessions of this replica, for operators.',
      answer: { status: 200, schema: sessionListSchema },
      handle: (_request, response) => {
        response.json({ sessions: sessions.list().map(maskedSession) });
      },
    },
    {
      method: 'get',
      path: '/repl/:id',
      summary: 'The session.',
      answer: { status: 200, schema: sessionSchema },
      handle: (request, response) => {
        const { session, role } = sessions.find(idOf(request));
        response.json(sessionAnswer(session, role));
      },
    },
    {
      method: 'delete',
      path: '/repl/:id',
      summary: 'Ends the session; 204 as well when there is none.',
      answer: { status: 204 },
      handle: async (request, response) => {
        await endOwned(sessions, idOf(request));
        response.status(204).end();
      },
    },
  ];
}

function restartRoute({ sessions, config }: AppParts, schemas: RequestSchemas): Route {
  const shape = restartShape(schemas);
  return {
    method: 'post',
    path: '/repl/:id/restart',
    summary: 'A fresh REPL in the session, with the same files or with the ones given.',
    query: restartQuerySchema,
    body: { json: schemas.restart, formOptions: schemas.restartOptions },
    answer: { status: 200, schema: sessionSchema },
    handle: async (request: Request, response: Response) => {
      const signal = abortOnClose(response);
      ownedSession(sessions, idOf(request));
      const { options, entries } = await readUpload(request, shape, config, signal);
      const { startup = null, env = {}, terminal: size = null } = options;
      const session = ownedSession(sessions, idOf(request));
      await session.restart({ entries, startup, env, size }, signal);
      response.json(sessionAnswer(session, 'owner'));
    },
  };
}

function terminalRoutes({ sessions }: AppParts): Route[] {
  return [
    {
      method: 'post',
      path: '/repl/:id/resize',
      summary: 'Sets the size of the terminal.',
      body: { json: terminalSizeSchema },
      answer: { status: 204 },
      handle: async (request, response) => {
        ownedSession(sessions, idOf(request));
        const size = validate(terminalSizeSchema, await readJson(request, maxSmallBodyBytes));
        await ownedSession(sessions, idOf(request)).resize(size);
        response.status(204).end();
      },
    },
    {
      method: 'post',
      path: '/repl/:id/signal',
      summary: "Sends a signal to the terminal's foreground processes.",
      body: { json: signalSchema },
      answer: { status: 204 },
      handle: async (request, response) => {
        ownedSession(sessions, idOf(request));
        const { signal } = validate(signalSchema, await readJson(request, maxSmallBodyBytes));
        await ownedSession(sessions, idOf(request)).signal(signal);
        response.status(204).end();
      },
    },
  ];
}

function restartShape(schemas: RequestSchemas): UploadShape<RestartOptions> {
  return {
    options: schemas.restartOptions,
    json: schemas.restart,
    fromQuery: (query) => {
      const { cols, rows } = validate(restartQuerySchema, query);
      if (cols === undefined && rows === undefined) return {};
      return { terminal: { cols: cols ?? defaultSize.cols, rows: rows ?? defaultSize.rows } };
    },
    check: () => {
      // Nothing of a restart can be refused before its files are read.
    },
  };
}

function ownedSession(sessions: SessionSet, id: string): SessionHandle {
  const { session, role } = sessions.find(id);
  if (role === 'owner') return session;
  throw new RunnerError('session_unknown', 'There is no session that this id may change.');
}

async function endOwned(sessions: SessionSet, id: string): Promise<void> {
  try {
    await ownedSession(sessions, id).end('deleted');
  } catch (error) {
    const gone = error instanceof RunnerError && ['session_unknown', 'session_ended'].includes(error.code);
    if (!gone) throw error;
  }
}

function idOf(request: Request): string {
  const { id } = request.params;
  return typeof id === 'string' ? id : '';
}
