import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { errorCodes } from '../../../src/errors.js';
import { openApiDocument } from '../../../src/http/openapi.js';
import { probeRoutes } from '../../../src/http/routes/probe-routes.js';
import { sessionRoutes } from '../../../src/http/routes/session-routes.js';
import { startRoute } from '../../../src/http/routes/start-route.js';
import { requestSchemas } from '../../../src/http/schemas.js';
import { defaultLimits } from '../../../src/sandbox/limits.js';
import { testParts } from '../../support/test-app.js';

const text = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8');

describe('docs/api.md', () => {
  it('lists every error code with its status, in the order of the code', () => {
    const rows = [...text.matchAll(/^\| `(\w+)` +\| (\d{3}) +\| (yes|no) +\|/gm)].map(([, code, status, retryable]) => [
      code,
      Number(status),
      retryable === 'yes',
    ]);
    expect(rows).toEqual(Object.entries(errorCodes).map(([code, { status, retryable }]) => [code, status, retryable]));
  });

  it('lists every call', () => {
    const { parts } = testParts();
    const schemas = requestSchemas(defaultLimits);
    const routes = [...probeRoutes(parts), startRoute(parts, schemas), ...sessionRoutes(parts, schemas)];
    const listed = [...text.matchAll(/^\| `(GET|POST|DELETE) (\S+)` /gm)].map(
      ([, method, path]) => `${method ?? ''} ${path ?? ''}`,
    );
    const served = routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(listed.sort()).toEqual([...served, 'GET /openapi.json'].sort());
    expect(Object.keys(openApiDocument(routes, 'sha').paths as object)).toHaveLength(
      new Set(routes.map(({ path }) => path)).size,
    );
  });
});
