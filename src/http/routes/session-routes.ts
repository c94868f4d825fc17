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
import { idOf, ownedSession } from '../owned-session.js';
import { maskedSession, sessionAnswer } from '../session-answer.js';
import type { SessionSet } from '../session-set.js';
import { defaultSize, maxSmallBodyBytes, readJson, readUpload, type UploadShape } from '../upload.js';
import { validate } from '../validate.js';

const ofSessions = ['session_unknown', 'session_ended', 'draining'] as const;

const websocket = `By \`id\` or \`view_id\`.

**As a websocket** (an upgrade of this path) it is the session's terminal. Whoever opens it by \`id\` types, by \`view_id\` watches.
Without a subprotocol output comes as binary frames and every frame that is sent is input, so that xterm.js' AttachAddon works as
it is. The subprotocol \`repl.v1\` adds JSON control in text frames: sizes, acknowledgements, signals, the exit. An attach token,
which may be needed, is offered beside it as the subprotocol \`repl.attach.<token>\`. Query: \`cols\` and \`rows\`; \`epoch\` and
\`offset\` to resume. docs/protocol.md has the messages, the form of tokens and the close codes.`;

export function sessionRoutes(parts: AppParts, schemas: RequestSchemas): Route[] {
  return [...lookRoutes(parts), restartRoute(parts, schemas), ...terminalRoutes(parts)];
}

function lookRoutes({ sessions }: AppParts): Route[] {
  return [
    {
      method: 'get',
      path: '/repl',
      operationId: 'list_sessions',
      tag: 'Sessions',
      summary: 'All sessions of this replica, for operators.',
      answer: { status: 200, schema: sessionListSchema },
      handle: (_request, response) => {
        response.json({ sessions: sessions.list().map(maskedSession) });
      },
    },
    {
      method: 'get',
      path: '/repl/:id',
      operationId: 'get_session',
      tag: 'Sessions',
      summary: 'The session.',
      description: websocket,
      answer: { status: 200, schema: sessionSchema },
      errors: ofSessions,
      handle: (request, response) => {
        const { session, role } = sessions.find(idOf(request));
        response.json(sessionAnswer(session, role));
      },
    },
    {
      method: 'delete',
      path: '/repl/:id',
      operationId: 'delete_session',
      tag: 'Sessions',
      summary: 'Ends the session; 204 as well when there is none.',
      answer: { status: 204, description: 'Its sandbox is gone.' },
      errors: ['sandbox_failed', 'draining', 'driver_unavailable'],
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
    operationId: 'restart_session',
    tag: 'Sessions',
    summary: 'A fresh REPL in the session, with the same files or with the ones given.',
    query: restartQuerySchema,
    body: { json: schemas.restart, formOptions: schemas.restartOptions, example: { startup: 'import hiker' } },
    answer: { status: 200, schema: sessionSchema },
    errors: [...ofSessions, 'session_state', 'sandbox_failed', 'driver_unavailable'],
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
      operationId: 'resize',
      tag: 'Terminal',
      summary: 'Sets the size of the terminal.',
      body: { json: terminalSizeSchema, example: { cols: 100, rows: 30 } },
      answer: { status: 204 },
      errors: [...ofSessions, 'session_state', 'sandbox_failed'],
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
      operationId: 'signal',
      tag: 'Terminal',
      summary: "Sends a signal to the terminal's foreground processes.",
      body: { json: signalSchema, example: { signal: 'SIGINT' } },
      answer: { status: 204 },
      errors: [...ofSessions, 'session_state', 'sandbox_failed'],
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

async function endOwned(sessions: SessionSet, id: string): Promise<void> {
  try {
    await ownedSession(sessions, id).end('deleted');
  } catch (error) {
    const gone = error instanceof RunnerError && ['session_unknown', 'session_ended'].includes(error.code);
    if (!gone) throw error;
  }
}
