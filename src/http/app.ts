/**
 * The HTTP application: what every request and answer has in common (ids, headers, authorisation, log lines, errors) and
 * the routes. It neither listens nor knows of websockets. express is known in this folder only.
 */
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { RunnerError } from '../errors.js';
import type { AppParts } from './app-parts.js';
import { authorize } from './authorize.js';
import { drainBody } from './body.js';
import { asRunnerError, sendError } from './error-response.js';
import { openApiDocument } from './openapi.js';
import { pageFiles } from './page.js';
import { requestIdOf } from './request-id.js';
import type { Route } from './route.js';
import { probeRoutes } from './routes/probe-routes.js';
import { sessionRoutes } from './routes/session-routes.js';
import { startRoute } from './routes/start-route.js';
import { requestSchemas } from './schemas.js';

export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  const routes = allRoutes(parts);
  const probes = routes.filter((route) => route.open === true);
  app.use(prepare(parts, new Set(probes.map(({ path }) => path))));
  mount(app, probes);
  app.use((request: Request, _response: Response, next: NextFunction) => {
    authorize(request, parts.config);
    next();
  });
  mount(
    app,
    routes.filter((route) => route.open !== true),
  );
  if (parts.pageFolder !== undefined && parts.config.apiToken === null) app.use(pageFiles(parts.pageFolder));
  app.use(() => {
    throw new RunnerError('route_unknown', 'There is no such call; GET /openapi.json lists the calls.');
  });
  app.use(answerError(parts));
  return app;
}

function allRoutes(parts: AppParts): Route[] {
  const schemas = requestSchemas(parts.config.maxLimits);
  const routes = [...probeRoutes(parts), startRoute(parts, schemas), ...sessionRoutes(parts, schemas)];
  const document = openApiDocument(routes, parts.sha);
  const openApi: Route = {
    method: 'get',
    path: '/openapi.json',
    summary: 'This document.',
    answer: { status: 200, contentType: 'application/json' },
    handle: (_request, response) => {
      response.json(document);
    },
  };
  return [...routes, openApi];
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
function prepare({ logger }: AppParts, often: ReadonlySet<string>) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const began = performance.now();
    const requestId = requestIdOf(request.headers['x-request-id']);
    response.setHeader('X-Request-Id', requestId);
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : 'aborted';
      // The route's pattern, since its path holds an id.
      const route = routePattern(request);
      const fields = { requestId, method: request.method, route, status, ms: performance.now() - began };
      logger[often.has(route) ? 'debug' : 'info'](fields, 'request-done');
    });
    next();
  };
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
    drainBody(request);
    sendError(response, error);
  };
}
