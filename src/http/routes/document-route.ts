/** `GET /openapi.json`: the document of all calls, itself included. */
import { openApiDocument } from '../openapi.js';
import type { Route } from '../route.js';

/** @param others all other calls */
export function documentRoute(others: readonly Route[], sha: string): Route {
  const route: Route = {
    method: 'get',
    path: '/openapi.json',
    operationId: 'openapi',
    tag: 'Runner',
    summary: 'This document.',
    answer: { status: 200, contentType: 'application/json' },
    handle: (_request, response) => {
      response.json(document);
    },
  };
  const document = openApiDocument([...others, route], sha);
  return route;
}
