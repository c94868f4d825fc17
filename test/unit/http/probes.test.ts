import { describe, expect, it, jest } from '@jest/globals';
import request from 'supertest';
import { RunnerError } from '../../../src/errors.js';
import { ApiKeys } from '../../../src/http/api-keys.js';
import { createApp } from '../../../src/http/app.js';
import { answered, testApp, testParts } from '../../support/test-app.js';

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
      {
        'ready?': true,
        code: null,
        replica: 'test',
        serves: ['test'],
        sessions: 0,
        max_sessions: 10,
        warm: { python: 4 },
        load: expect.any(Number),
        runs: { active: 1, waiting: 2, max: 4, max_waiting: 10, wait_ms: 50 },
      },
    ]);
    sessions.refusal = 'capacity_exhausted';
    const full = await request(app).get('/ready');
    expect([full.status, full.body]).toMatchObject([503, { 'ready?': false, code: 'capacity_exhausted' }]);
    expect(full.headers).toHaveProperty('retry-after');
  });

  it('list languages', async () => {
    const answer = await request(testApp().app).get('/languages');
    expect(answer.body).toEqual({ languages: [{ name: 'python', title: 'Python', version: 'Python 3.13.5' }] });
  });

  it('look at no session, however many there are', async () => {
    const { app, sessions } = testApp();
    const capacity = sessions.capacity();
    sessions.capacity = () => capacity;
    const list = jest.spyOn(sessions, 'list');
    for (const path of ['/ready', '/metrics']) await request(app).get(path).expect(200);
    expect(list).not.toHaveBeenCalled();
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
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    expect(headers).toHaveProperty('x-request-id', expect.stringMatching(/^[0-9a-f-]{36}$/));
    for (const name of ['x-powered-by', 'server', 'etag']) expect(headers).not.toHaveProperty(name);
  });

  it('allows no page of another origin to read it', async () => {
    const { app } = testApp({ allowedOrigins: ['https://good.example'] });
    const asked = { Origin: 'https://good.example', 'Access-Control-Request-Method': 'POST' };
    const answers = [
      await answered(request(app).options('/repl').set(asked)),
      await answered(request(app).post('/repl').set(asked).send({ language: 'python' })),
      await answered(request(app).get('/alive').set(asked)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([405, 201, 200]);
    for (const { headers } of answers) {
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
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

  it('takes each of several keys, and those that replace them at once', async () => {
    const { parts } = testParts();
    const keys = new ApiKeys([
      { name: 'web', key: 'the-old-key-of-web' },
      { name: 'other', key: 'the-key-of-other' },
    ]);
    const app = createApp({ ...parts, keys });
    const status = async (key: string): Promise<number> =>
      (await request(app).get('/repl').set('Authorization', `Bearer ${key}`)).status;
    expect([await status('the-old-key-of-web'), await status('the-key-of-other'), await status('x')]).toEqual([
      200, 200, 401,
    ]);
    keys.replace([{ name: 'web', key: 'the-new-key-of-web' }]);
    expect([await status('the-old-key-of-web'), await status('the-new-key-of-web')]).toEqual([401, 200]);
  });

  it('counts a session for the key that it was started with, and says whose a call was in the log', async () => {
    const { app, sessions, log } = testApp({ apiToken });
    const headers = { Authorization: `Bearer ${apiToken}` };
    await request(app).post('/repl').set(headers).send({ language: 'python' }).expect(201);
    expect(sessions.requests).toMatchObject([{ key: 'web' }]);
    expect(log.join('')).toContain('"key":"web"');
    expect(log.join('')).not.toContain(apiToken);
  });

  it('says after how long what was too fast may be tried again', async () => {
    const { app, sessions } = testApp();
    sessions.failure = new RunnerError('too_many_starts', 'Too fast.', { context: { retry_after_seconds: 3 } });
    const { body, headers } = await answered(request(app).post('/repl').send({ language: 'python' }).expect(429));
    expect(body).toMatchObject({ error: { code: 'too_many_starts', retryable: true } });
    expect(headers).toHaveProperty('retry-after', '3');
  });

  it("lets only allowed origins' pages in, where a list is set", async () => {
    const { app } = testApp({ allowedOrigins: ['https://good.example'] });
    await request(app).get('/repl').expect(200);
    await request(app).get('/repl').set('Origin', 'https://good.example').expect(200);
    const { body } = await answered(request(app).get('/repl').set('Origin', 'https://evil.example').expect(403));
    expect(body).toMatchObject({ error: { code: 'origin_refused' } });
  });
});

describe('a page of another site', () => {
  const own = { Host: 'school.example', Origin: 'https://school.example' };

  it.each<[string, Record<string, string>, number]>([
    ['the host that was asked', own, 201],
    ['that host with the port of its scheme', { ...own, Host: 'school.example:443' }, 201],
    [
      'the host that the first proxy was asked for',
      { ...own, Host: 'r', 'X-Forwarded-Host': 'school.example, r' },
      201,
    ],
    ['another host', { ...own, Origin: 'https://evil.example' }, 403],
    ['another port', { ...own, Origin: 'https://school.example:8443' }, 403],
    ['a host of the same beginning', { ...own, Origin: 'https://school.example.evil.example' }, 403],
    ["the host asked for, which is not the first proxy's", { ...own, 'X-Forwarded-Host': 'other.example' }, 403],
    ['no host at all', { ...own, Origin: 'null' }, 403],
    ['another scheme', { ...own, Origin: 'file://school.example' }, 403],
  ])('is told from its own by the origin: %s', async (_name, headers, status) => {
    await request(testApp().app).post('/repl').set(headers).send({ language: 'python' }).expect(status);
  });

  it('is let in where all are', async () => {
    const { app } = testApp({ allowedOrigins: ['*'] });
    await request(app).get('/repl').set('Origin', 'https://evil.example').expect(200);
  });
});

describe('POST /drain', () => {
  it('needs the token, begins to drain, and says how many sessions there still are', async () => {
    const apiToken = '0123456789abcdef';
    const { app } = testApp({ apiToken });
    await request(app).post('/drain').expect(401);
    await request(app).get('/ready').expect(200);
    const allowed = { Authorization: `Bearer ${apiToken}` };
    await request(app).post('/repl').set(allowed).send({ language: 'python' }).expect(201);
    for (let round = 0; round < 2; round += 1) {
      const { body } = await answered(request(app).post('/drain').set(allowed).expect(202));
      expect(body).toEqual({ 'draining?': true, sessions: 1 });
    }
    const { body } = await answered(request(app).get('/ready').expect(503));
    expect(body).toMatchObject({ 'ready?': false, code: 'draining', sessions: 1 });
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
