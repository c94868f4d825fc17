import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { errorCodes } from '../../../src/errors.js';
import { errorMeanings } from '../../../src/http/openapi/error-meanings.js';
import { OpenApi } from '../../support/open-api.js';
import { answered, testApp } from '../../support/test-app.js';

const text = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8');

describe('docs/api.md', () => {
  it('lists every error code with its status and meaning, in the order of the code', () => {
    const rows = [...text.matchAll(/^\| `(\w+)` +\| (\d{3}) +\| (yes|no) +\| (.*?) +\|$/gm)].map(
      ([, code, status, retryable, meaning]) => [code, Number(status), retryable === 'yes', meaning],
    );
    expect(rows).toEqual(
      Object.entries(errorCodes).map(([code, { status, retryable }]) => [
        ...[code, status, retryable],
        errorMeanings[code as keyof typeof errorCodes],
      ]),
    );
  });

  it('lists every call that the OpenAPI document has, and no other', async () => {
    const { body } = await answered(request(testApp().app).get('/openapi.json').expect(200));
    const { operations } = new OpenApi(body as Record<string, unknown>);
    const served = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    const listed = [...text.matchAll(/^\| `(GET|POST|PUT|PATCH|DELETE) (\S+?)(?:\?\S*)?` /gm)].map(
      ([, method, path]) => `${method ?? ''} ${(path ?? '').replace(/[:*](\w+)|<(\w+)>/g, '{$1$2}')}`,
    );
    expect(listed.sort()).toEqual(served.sort());
  });
});
