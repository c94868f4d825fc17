import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { answered, testApp } from '../../support/test-app.js';

describe('probes', () => {
  it('answer GET and HEAD', async () => {
    const { app } = testApp();
    expect((await request(app).get('/alive')).body).toEqual({ 'alive?': true });
    expect((await request(app).get('/sha')).body).toEqual({ sha: 'abc123' });
    expect((await request(app).head('/alive')).status).toBe(200);
  });

  it('say whether sessions can be started', async () => {
    const { app, sessions } = testApp();
    const ready = await request(app).get('/ready');
    expect([ready.status, ready.body]).toEqual([
      200,
      { 'ready?': true, replica: 'test', serves: ['test'], sessions: 0, max_sessions: 10, warm: { python: 4 } },
    ]);
    sessions.ready = false;
    const full = await request(app).get('/ready');
    expect([full.status, full.body]).toMatchObject([503, { 'ready?': false }]);
    expect(full.headers).toHaveProperty('retry-after');
  });

  it('list languages', async () => {
    const answer = await request(testApp().app).get('/languages');
    expect(answer.body).toEqual({ languages: [{ name: 'python', title: 'Python', version: 'Python 3.13.5' }] });
  });

  it('give metrics, with sessions by state and refusals by code', async () => {
    const { app } = testApp();
    await request(app).post('/repl').send({ language: 'python' }).expect(201);
    await request(app).get('/nowhere').expect(404);
    const { text, headers } = await answered(request(app).get('/metrics'));
    expect(headers).toHaveProperty('content-type', expect.stringMatching(/^text\/plain/));
    expect(text).toContain('repl_runner_sessions{state="running"} 1');
    expect(text).toContain('repl_runner_refusals_total{code="route_unknown"} 1');
    expect(text).toMatch(/repl_runner_start_seconds_count\{stage="total",cold="false"\} 1/);
  });
});

describe('every answer', () => {
  it('has an id and is not cached, sniffed or boasted of', async () => {
    const { headers } = await answered(request(testApp().app).get('/nowhere'));
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    expect(headers).toHaveProperty('x-request-id', expect.stringMatching(/^[0-9a-f-]{36}$/));
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('etag');
  });

  it('keeps the id of the caller when that is sane', async () => {
    const { app } = testApp();
    const idFor = async (id: string): Promise<unknown> =>
      (await request(app).get('/alive').set('X-Request-Id', id)).headers['x-request-id'];
    await expect(idFor('trace-1')).resolves.toBe('trace-1');
    await expect(idFor('x'.repeat(200))).resolves.toMatch(/^[0-9a-f-]{36}$/);
    await expect(idFor('{"a": 1}')).resolves.toMatch(/^[0-9a-f-]{36}$/);
  });

  it('leaves a log line without the session id', async () => {
    const { app, sessions, log } = testApp();
    await request(app)
      .post('/repl')
      .send({ language: 'python', env: { SECRET: 'hunter2' } });
    const id = sessions.all[0]?.id ?? 'none';
    await request(app).get(`/repl/${id}`).expect(200);
    expect(log.join('')).toContain('"route":"/repl/:id"');
    expect(log.join('')).not.toContain(id);
    expect(log.join('')).not.toContain('hunter2');
  });
});

describe('authorisation', () => {
  const apiToken = '0123456789abcdef';

  it('is asked for by everything but the probes', async () => {
    const { app, sessions } = testApp({ apiToken });
    for (const path of ['/alive', '/ready', '/sha']) await request(app).get(path).expect(200);
    for (const path of ['/languages', '/metrics', '/repl', '/repl/x', '/openapi.json', '/nowhere', '/ALIVE/x']) {
      const { status, body, headers } = await answered(request(app).get(path));
      expect([path, status, body]).toMatchObject([path, 401, { error: { code: 'unauthorized' } }]);
      expect(headers).toHaveProperty('www-authenticate', 'Bearer');
    }
    await request(app).post('/repl').send({ language: 'python' }).expect(401);
    expect(sessions.requests).toEqual([]);
  });

  it.each(['', 'Bearer', 'Bearer wrong', `Basic ${apiToken}`, `Bearer ${apiToken}x`, apiToken])(
    'refuses %j',
    async (header) => {
      const { app } = testApp({ apiToken });
      await request(app).get('/repl').set('Authorization', header).expect(401);
    },
  );

  it('lets the right token in', async () => {
    const { app } = testApp({ apiToken });
    await request(app).get('/repl').set('Authorization', `Bearer ${apiToken}`).expect(200);
  });

  it("lets only allowed origins' pages in, where a list is set", async () => {
    const { app } = testApp({ allowedOrigins: ['https://good.example'] });
    await request(app).get('/repl').expect(200);
    await request(app).get('/repl').set('Origin', 'https://good.example').expect(200);
    const { body } = await answered(request(app).get('/repl').set('Origin', 'https://evil.example').expect(403));
    expect(body).toMatchObject({ error: { code: 'origin_refused' } });
  });
});

describe('unknown calls', () => {
  it('are answered in JSON', async () => {
    const { body } = await answered(request(testApp().app).get('/nowhere').expect(404));
    expect(body).toMatchObject({ error: { code: 'route_unknown', retryable: false } });
  });

  it.each([
    ['put', '/repl', 'POST, GET, HEAD'],
    ['post', '/alive', 'GET, HEAD'],
    ['patch', '/repl/x', 'GET, HEAD, DELETE'],
    ['get', '/repl/x/restart', 'POST'],
  ] as const)('%s %s says which methods there are', async (method, path, allow) => {
    const { body, headers } = await answered(request(testApp().app)[method](path).expect(405));
    expect(body).toMatchObject({ error: { code: 'method_not_allowed' } });
    expect(headers).toHaveProperty('allow', allow);
  });

  it('are malformed when the path cannot be decoded', async () => {
    const { body } = await answered(request(testApp().app).get('/repl/%zz').expect(400));
    expect(body).toMatchObject({ error: { code: 'malformed_request' } });
  });
});

describe('GET /openapi.json', () => {
  it('describes every call', async () => {
    const { body } = await answered(request(testApp().app).get('/openapi.json').expect(200));
    const document = body as { openapi: string; paths: Record<string, Record<string, unknown>> };
    expect(document.openapi).toBe('3.1.0');
    const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((name) => `${name} ${path}`),
    );
    expect(calls.sort()).toEqual([
      'delete /repl/{id}',
      'get /alive',
      'get /languages',
      'get /metrics',
      'get /ready',
      'get /repl',
      'get /repl/{id}',
      'get /sha',
      'post /repl',
      'post /repl/{id}/resize',
      'post /repl/{id}/restart',
      'post /repl/{id}/signal',
    ]);
    expect(JSON.stringify(document.paths['/repl'])).toContain(
      '"memory_mib":{"type":"integer","minimum":48,"maximum":512}',
    );
  });
});
