/**
 * The HTTP application: what every request and answer has in common (ids, headers, authorisation, log lines, errors) and
 * the routes. It neither listens nor knows of websockets. express is known in this folder only.
 */
import type { RequestListener } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { RunnerError } from '../errors.js';
import { maskId } from '../ids.js';
import { answerHeaders } from './answer-headers.js';
import type { AppParts } from './app-parts.js';
import { authorize } from './authorize.js';
import { callerOf, noteCaller } from './caller.js';
import { asRunnerError, sendError } from './error-response.js';
import { docsFiles, pageFiles } from './page.js';
import { requestIdOf } from './request-id.js';
import { requestPath } from './request-path.js';
import type { Route } from './route.js';
import { archiveRoutes } from './routes/archive-routes.js';
import { documentRoute } from './routes/document-route.js';
import { drainRoute } from './routes/drain-route.js';
import { fileRoutes } from './routes/file-routes.js';
import { forkRoute } from './routes/fork-route.js';
import { evaluateRoutes } from './routes/evaluate-routes.js';
import { probeRoutes } from './routes/probe-routes.js';
import { runRoutes } from './routes/run-routes.js';
import { sessionRoutes } from './routes/session-routes.js';
import { startRoute } from './routes/start-route.js';
import { requestSchemas } from './schemas.js';

export function createApp(parts: AppParts): RequestListener {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  const routes = allRoutes(parts);
  const probes = routes.filter((route) => route.open === true);
  app.use(prepare(parts, new Set(probes.map(({ path }) => path))));
  mount(app, probes);
  // Nothing in it is secret: the document that it shows is asked for with the token.
  if (parts.docsFolder !== undefined) app.use('/docs', docsFiles(parts.docsFolder));
  const { keys } = parts;
  const { allowedOrigins } = parts.config;
  app.use((request: Request, response: Response, next: NextFunction) => {
    noteCaller(response, authorize(request, { keys, allowedOrigins }));
    next();
  });
  mount(
    app,
    routes.filter((route) => route.open !== true),
  );
  if (parts.pageFolder !== undefined && !keys.required) app.use(pageFiles(parts.pageFolder));
  app.use(() => {
    throw new RunnerError('route_unknown', 'There is no such call; GET /openapi.json lists the calls.');
  });
  app.use(answerError(parts));
  return (request, response) => {
    request.url = requestPath(request.url ?? '');
    app(request, response);
  };
}

function allRoutes(parts: AppParts): Route[] {
  const schemas = requestSchemas(parts.config.maxLimits);
  const routes = [
    ...probeRoutes(parts),
    drainRoute(parts),
    startRoute(parts, schemas),
    ...sessionRoutes(parts, schemas),
    ...fileRoutes(parts),
    ...archiveRoutes(parts),
    forkRoute(parts, schemas),
    ...runRoutes(parts),
    ...evaluateRoutes(parts),
  ];
  return [...routes, documentRoute(routes, parts.sha)];
}

function mount(app: Express, routes: readonly Route[]): void {
  for (const path of new Set(routes.map((route) => route.path))) {
    const here = routes.filter((route) => route.path === path);
    for (const route of here) app[route.method](path, (request, response) => route.handle(request, response));
    const allowed = here.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
    app.all(path, (_request, response) => {
      response.setHeader('Allow', allowed.join(', '));
      throw new RunnerError('method_not_allowed', `This path knows ${allowed.join(', ')}.`, { context: { allowed } });
    });
  }
}

/** @param often paths that machines ask for all the time, whose log lines are for debugging alone */
function prepare({ logger, metrics }: AppParts, often: ReadonlySet<string>) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const began = performance.now();
    const requestId = requestIdOf(request.headers['x-request-id']);
    response.setHeader('X-Request-Id', requestId);
    response.set(answerHeaders);
    response.once('close', () => {
      // A refusal is whole once it is written, though its end waits for the request's.
      const whole = response.writableFinished || response.locals.refused === true;
      const status = whole ? response.statusCode : null;
      // The route's pattern, since its path holds an id.
      const [route, { method }, ms] = [routePattern(request), request, performance.now() - began];
      metrics.observeRequest({ method, route, status, ms });
      const about = { key: callerOf(response), ...sessionOf(request, response) };
      const fields = { requestId, ...about, method, route, status: status ?? 'aborted', ms };
      logger[often.has(route) ? 'debug' : 'info'](fields, 'request-done');
    });
    next();
  };
}

/** Which session it was about, masked: the one in the path, or the one that was started. */
function sessionOf(request: Request, response: Response): { session?: string } {
  const location = response.getHeader('Location');
  const path = typeof location === 'string' ? location : request.path;
  const id = /^\/repl\/([^/]+)/.exec(path)?.[1];
  return id === undefined ? {} : { session: maskId(id) };
}

function routePattern(request: Request): string {
  const route: unknown = request.route;
  const hasPath = typeof route === 'object' && route !== null && 'path' in route;
  return hasPath && typeof route.path === 'string' ? route.path : 'unknown';
}

/** Express tells an error handler by its four parameters. */
function answerError({ logger, metrics }: AppParts) {
  return (thrown: unknown, request: Request, response: Response, _next: NextFunction): void => {
    const error = asRunnerError(thrown);
    const gone = response.destroyed || request.socket.destroyed;
    if (!gone) metrics.countRefusal(error.code);
    if (error.code === 'internal' && !gone) {
      logger.error({ requestId: response.getHeader('X-Request-Id'), err: error.cause ?? error }, 'request-failed');
    }
    if (gone || response.headersSent) {
      response.destroy();
      return;
    }
    response.locals.refused = true;
    void sendError(response, error);
  };
}
