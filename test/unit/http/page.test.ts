import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { createApp } from '../../../src/http/app.js';
import { testParts } from '../../support/test-app.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'page-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function app(apiToken: string | null) {
  return createApp({ ...testParts({ apiToken }).parts, pageFolder: folder });
}

describe('the page', () => {
  it('is at the root, under a policy that lets nothing in from elsewhere', async () => {
    const answer = await request(app(null)).get('/');
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('<title>page</title>');
    expect(answer.headers['content-security-policy']).toContain("default-src 'self'; style-src 'self'");
    expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  it('is not there where a token is needed', async () => {
    await request(app('secret')).get('/').expect(401);
    await request(app('secret')).get('/').set('Authorization', 'Bearer secret').expect(404);
  });

  it.each(['/../package.json', '/%2e%2e/package.json', '/nothing.js'])('gives nothing for %s', async (path) => {
    await request(app(null)).get(path).expect(404);
  });
});
