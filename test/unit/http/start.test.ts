import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { parseEntry, type EgressEntry } from '../../../src/egress/allow-list.js';
import { RunnerError } from '../../../src/errors.js';
import { sessionSchema } from '../../../src/http/schemas.js';
import { RawTar } from '../../support/raw-tar.js';
import { answered, maxBodyBytes, testApp } from '../../support/test-app.js';

const hiker = { type: 'file', path: 'hiker.py', executable: false, content: Buffer.from('x = 1\n') };
const tar = new RawTar().file('hiker.py', 'x = 1\n').end();
const size = { cols: 80, rows: 24 };

const wayOut = {
  entries: ['a.example:443', 'a.example:80/http', 'b.example:443']
    .map(parseEntry)
    .filter((entry): entry is EgressEntry => entry !== null),
  ...{ pipIndex: null, key: null, maxConnections: 4, maxBytes: 1024 },
};

describe('POST /repl', () => {
  it('starts a session from JSON files', async () => {
    const { app, sessions } = testApp();
    const answer = await request(app)
      .post('/repl')
      .send({
        language: 'python',
        files: { 'hiker.py': { base64: Buffer.from('x = 1\n').toString('base64') } },
        startup: 'y = 2',
        env: { NAME: 'value' },
        terminal: { cols: 100, rows: 30 },
        limits: { cpus: 0.5, memory_mib: 256 },
      })
      .expect(201);
    expect(sessions.requests).toEqual([
      {
        key: 'anonymous',
        language: 'python',
        entries: [hiker],
        startup: 'y = 2',
        env: { NAME: 'value' },
        size: { cols: 100, rows: 30 },
        limits: { cpus: 0.5, memoryBytes: 256 * 1024 * 1024 },
      },
    ]);
    const body = sessionSchema.strict().parse(answer.body);
    expect(body).toMatchObject({ state: 'running', started: { cold: false, wait_ms: 0 }, limits: { memory_mib: 256 } });
    expect(answer.headers).toHaveProperty('location', `/repl/${body.id ?? ''}`);
  });

  it('gives a session a way out to all that the operator allows, to some of it, or to nothing', async () => {
    const { app, sessions } = testApp({ egress: wayOut });
    for (const egress of [true, ['b.example'], false, []]) {
      await request(app).post('/repl').send({ language: 'python', egress }).expect(201);
    }
    expect(sessions.requests.map(({ egress }) => egress)).toEqual([['a.example', 'b.example'], ['b.example'], [], []]);
    const { body } = await answered(request(app).get(`/repl/${sessions.all[1]?.id ?? ''}`));
    expect(body).toMatchObject({ egress: ['b.example'] });
    const id = sessions.all[0]?.id ?? '';
    await request(app).post(`/repl/${id}/fork`).send({}).expect(201);
    await request(app)
      .post(`/repl/${id}/fork`)
      .send({ egress: ['a.example'] })
      .expect(201);
    expect(sessions.requests.slice(4).map(({ egress }) => egress)).toEqual([undefined, ['a.example']]);
  });

  it('refuses a way out to clients of the proxy, unless the host app lets them ask for it', async () => {
    const { app, sessions } = testApp({ egress: wayOut });
    const asked = (said: string): request.Test =>
      request(app).post('/repl').set('X-Repl-Egress', said).send({ language: 'python', egress: true });
    const { body } = await answered(asked('refused').expect(403));
    expect(body).toMatchObject({ error: { code: 'egress_refused' } });
    await asked('allowed').expect(201);
    await request(app).post('/repl').set('X-Repl-Egress', 'refused').send({ language: 'python' }).expect(201);
    expect(sessions.requests.map(({ egress }) => egress)).toEqual([['a.example', 'b.example'], undefined]);
  });

  it('gives a run of its own a way out as well', async () => {
    const { app, once } = testApp({ egress: wayOut });
    await request(app).post('/run').send({ language: 'python', command: 'true', egress: true }).expect(200);
    await request(app).post('/run').send({ language: 'python', command: 'true' }).expect(200);
    expect(once.map(({ egress }) => egress)).toEqual([['a.example', 'b.example'], []]);
  });

  it.each([
    ['a name that the operator does not allow', wayOut, ['a.example', 'evil.example']],
    ['any name where the operator allows none', undefined, ['a.example']],
    ['all names where there are none', undefined, true],
  ])('refuses %s before a sandbox is claimed', async (_, allowed, egress) => {
    const { app, sessions, once } = testApp(allowed === undefined ? {} : { egress: allowed });
    for (const path of ['/repl', '/run']) {
      const { body } = await answered(request(app).post(path).send({ language: 'python', egress }).expect(403));
      expect(body).toMatchObject({ error: { code: 'egress_refused', retryable: false } });
    }
    expect(sessions.requests).toEqual([]);
    expect(once).toEqual([]);
  });

  it('starts an empty workspace when nothing but the language is said', async () => {
    const { app, sessions } = testApp();
    await request(app).post('/repl').send({ language: 'python' }).expect(201);
    expect(sessions.requests).toEqual([
      { key: 'anonymous', language: 'python', entries: [], startup: null, env: {}, size, limits: {} },
    ]);
  });

  it.each([
    ['application/x-tar', tar],
    ['application/gzip', gzipSync(tar)],
    ['application/x-gzip', gzipSync(tar)],
    ['application/x-tgz; charset=binary', gzipSync(tar)],
  ])('starts a session from %s', async (type, archive) => {
    const { app, sessions } = testApp();
    await request(app).post('/repl?language=python&cols=100').set('Content-Type', type).send(archive).expect(201);
    expect(sessions.requests).toMatchObject([{ entries: [hiker], size: { cols: 100, rows: 24 } }]);
  });

  it.each([
    ['plain', tar],
    ['gzipped', gzipSync(tar)],
  ])('starts a session from a form with a %s archive', async (_kind, archive) => {
    const { app, sessions } = testApp();
    await request(app)
      .post('/repl')
      .attach('archive', archive, 'files.tar')
      .field('options', JSON.stringify({ language: 'python', env: { A: 'ü' } }))
      .expect(201);
    expect(sessions.requests).toMatchObject([{ entries: [hiker], env: { A: 'ü' }, size }]);
  });

  it('takes options that a browser sends as a blob', async () => {
    const { app, sessions } = testApp();
    const options = Buffer.from('{"language":"python"}');
    const blob = { filename: 'blob', contentType: 'application/json' };
    await request(app).post('/repl').attach('options', options, blob).attach('archive', tar, 'a.tar').expect(201);
    expect(sessions.requests).toMatchObject([{ entries: [hiker] }]);
  });

  it.each([
    ['no language', {}, /language/],
    ['an unknown field', { language: 'python', colour: 'red' }, /colour/],
    ['an unknown field within', { language: 'python', terminal: { ...size, depth: 8 } }, /depth/],
    ['a size of 0', { language: 'python', terminal: { cols: 0, rows: 24 } }, /terminal\.cols/],
    ['a size of 10^9', { language: 'python', terminal: { cols: 80, rows: 1e9 } }, /terminal\.rows/],
    ['a file that is a number', { language: 'python', files: { a: 1 } }, /files\.a: must be text/],
    ['a variable with a bad name', { language: 'python', env: { 'A B': '' } }, /env/],
    ['a variable with a NUL', { language: 'python', env: { A: 'a\0b' } }, /env\.A/],
    ['a variable with half a character', { language: 'python', env: { A: '\ud800' } }, /env\.A/],
    [
      'too many variables',
      { language: 'python', env: Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`A${i}`, ''])) },
      /128/,
    ],
    ['too large an environment', { language: 'python', env: { A: 'x'.repeat(65 * 1024) } }, /65536/],
    ['too large a startup', { language: 'python', startup: 'x'.repeat(256 * 1024 + 1) }, /startup/],
    ['more memory than may be had', { language: 'python', limits: { memory_mib: 513 } }, /limits\.memory_mib/],
    ['a limit of 0', { language: 'python', limits: { processes: 0 } }, /limits\.processes/],
    ['a list', [], /./],
    ['null', null, /./],
  ])('refuses %s', async (_what, given, problem) => {
    const { app, sessions } = testApp();
    const { body } = await answered(
      request(app).post('/repl').set('Content-Type', 'application/json').send(JSON.stringify(given)).expect(422),
    );
    expect(body).toMatchObject({
      error: { code: 'request_invalid', context: { problems: [expect.stringMatching(problem)] } },
    });
    expect(sessions.requests).toEqual([]);
  });

  it('lists all problems at once', async () => {
    const { body } = await answered(
      request(testApp().app).post('/repl').send({ languag: 'python', startup: 1 }).expect(422),
    );
    const { problems } = (body as { error: { context: { problems: string[] } } }).error.context;
    expect(problems).toHaveLength(3);
  });

  it('refuses a file named __proto__ instead of losing it', async () => {
    const text = '{"language": "python", "files": {"__proto__": "x"}}';
    await request(testApp().app).post('/repl').set('Content-Type', 'application/json').send(text).expect(422);
  });

  it.each(['', '{', '[1,', 'nonsense', '{"language": "python"} more'])(
    'says 400 of malformed JSON: %j',
    async (text) => {
      const expected = text === '' ? [422, 'request_invalid'] : [400, 'malformed_request'];
      const answer = await request(testApp().app).post('/repl').set('Content-Type', 'application/json').send(text);
      expect([answer.status, (answer.body as { error: { code: string } }).error.code]).toEqual(expected);
    },
  );

  it('says 400 of JSON that is not UTF-8', async () => {
    const body = Buffer.concat([Buffer.from('{"language": "'), Buffer.from([0xff]), Buffer.from('"}')]);
    await request(testApp().app)
      .post('/repl')
      .set('Content-Type', 'application/json')
      .serialize((given: unknown) => given as string)
      .send(body as unknown as string)
      .expect(400);
  });

  it.each([
    ['language', 'application/json', JSON.stringify({ language: 'cobol' })],
    ['language in the query', 'application/x-tar', 'this is never looked at'],
  ])('says which languages there are: %s', async (_where, type, text) => {
    const { app, sessions } = testApp();
    const { body } = await answered(
      request(app).post('/repl?language=cobol').set('Content-Type', type).send(text).expect(422),
    );
    expect(body).toMatchObject({ error: { code: 'language_unknown', context: { known: ['python'] } } });
    expect(sessions.requests).toEqual([]);
  });

  it.each(['cols=0', 'cols=1e3', 'cols=1001', 'rows=-1', 'rows=', 'depth=8', 'language=python&language=python'])(
    'refuses the query %s',
    async (query) => {
      const { app } = testApp();
      const { body } = await answered(
        request(app)
          .post(`/repl?language=python&${query}`)
          .set('Content-Type', 'application/x-tar')
          .send(tar)
          .expect(422),
      );
      expect(body).toMatchObject({ error: { code: 'request_invalid' } });
    },
  );

  it.each(['text/plain', 'application/zip', 'application/x-www-form-urlencoded', 'toString'])(
    'does not take %s',
    async (type) => {
      const { body } = await answered(
        request(testApp().app).post('/repl').set('Content-Type', type).send('x').expect(415),
      );
      expect(body).toMatchObject({ error: { code: 'media_type_unsupported' } });
    },
  );

  it('does not take a body with a content encoding', async () => {
    const { app } = testApp();
    await request(app)
      .post('/repl?language=python')
      .set('Content-Type', 'application/x-tar')
      .set('Content-Encoding', 'gzip')
      .send(gzipSync(tar))
      .expect(415);
  });

  it.each([
    ['an archive with a path upwards', new RawTar().file('../evil', 'x').end(), 422, 'archive_unsafe'],
    ['an archive that is cut off', tar.subarray(0, 600), 422, 'archive_invalid'],
    ['an archive with too many entries', tooMany(), 413, 'archive_too_large'],
  ])('refuses %s, whether sent as such or in a form', async (_what, archive, status, code) => {
    const { app, sessions } = testApp();
    const asSuch = request(app).post('/repl?language=python').set('Content-Type', 'application/x-tar').send(archive);
    const inForm = request(app).post('/repl').field('options', '{"language":"python"}').attach('archive', archive, 'a');
    for (const sent of [asSuch, inForm]) {
      const answer = await sent;
      expect([answer.status, answer.body]).toMatchObject([status, { error: { code } }]);
    }
    expect(sessions.requests).toEqual([]);
  });

  it.each([
    [
      'an unknown part',
      'request_invalid',
      form([
        ['archive', tar.toString('latin1')],
        ['options', '{"language":"python"}'],
        ['more', ''],
      ]),
    ],
    [
      'a part twice',
      'request_invalid',
      form([
        ['options', '{"language":"python"}'],
        ['options', '{"language":"python"}'],
      ]),
    ],
    ['a part without a name', 'request_invalid', '--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n'],
    [
      'a file without a name',
      'request_invalid',
      '--b\r\nContent-Disposition: form-data; filename="a.tar"\r\n\r\nx\r\n--b--\r\n',
    ],
    ['files in the options', 'request_invalid', form([['options', '{"language":"python","files":{}}']])],
    ['options that are not JSON', 'malformed_request', form([['options', '{']])],
    ['a form without its end', 'malformed_request', form([['options', '{"language":"python"}']]).slice(0, -10)],
  ])('refuses a form with %s', async (_what, code, text) => {
    const { app, sessions } = testApp();
    const { body } = await answered(
      request(app).post('/repl').set('Content-Type', 'multipart/form-data; boundary=b').send(text),
    );
    expect(body).toMatchObject({ error: { code } });
    expect(sessions.requests).toEqual([]);
  });

  it('passes over a part that is none of a form, however large it is', async () => {
    const { app, sessions } = testApp();
    const other = `--b\r\nContent-Type: text/plain\r\n\r\n${'x'.repeat(256 * 1024)}\r\n`;
    await request(app)
      .post('/repl')
      .set('Content-Type', 'multipart/form-data; boundary=b')
      .send(other + form([['options', '{"language":"python"}']]))
      .expect(201);
    expect(sessions.requests).toMatchObject([{ language: 'python' }]);
  });

  it('refuses a form without a boundary', async () => {
    await request(testApp().app).post('/repl').set('Content-Type', 'multipart/form-data').send('x').expect(400);
  });

  it('says when to come back when it is full', async () => {
    const { app, sessions } = testApp();
    sessions.failure = new RunnerError('capacity_exhausted', 'Full.', { context: { retry_after_seconds: 4.2 } });
    const { body, headers } = await answered(request(app).post('/repl').send({ language: 'python' }).expect(503));
    expect(body).toMatchObject({ error: { code: 'capacity_exhausted', retryable: true } });
    expect(headers).toHaveProperty('retry-after', '5');
  });

  it('does not tell what went wrong inside', async () => {
    const { app, sessions, log } = testApp();
    sessions.failure = new Error('connect ENOENT secret place');
    const { text } = await answered(request(app).post('/repl').send({ language: 'python' }).expect(500));
    expect(text).not.toContain('secret place');
    expect(log.join('')).toContain('secret place');
  });
});

function tooMany(): Buffer {
  const archive = new RawTar();
  for (let index = 0; index <= 100; index += 1) archive.file(`f${index}`, '');
  return archive.end();
}

function form(parts: readonly (readonly [string, string])[]): string {
  const written = parts.map(
    ([name, content]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`,
  );
  return `${written.join('')}--b--\r\n`;
}

interface Wire {
  readonly socket: Socket;
  readonly parts: ReturnType<typeof testApp>;
  /** Everything that the server sent until the text appears. */
  readonly until: (text: string) => Promise<string>;
  readonly close: () => Promise<void>;
  /** Resolves when the server has seen a request's head. */
  readonly requested: Promise<unknown>;
}

/** A real connection to a real server, for what a proper HTTP client would not do. */
async function wire(): Promise<Wire> {
  const parts = testApp();
  const server = createServer(parts.app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => (received += text));
  socket.on('error', () => undefined);
  return {
    socket,
    parts,
    requested: once(server, 'request'),
    until: async (text) => {
      while (!received.includes(text))
        await Promise.race([
          once(socket, 'data'),
          once(socket, 'close').then(() => Promise.reject(new Error(`closed after: ${received}`))),
        ]);
      return received;
    },
    close: async () => {
      socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const head = 'POST /repl HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';

describe('POST /repl on the wire', () => {
  it('refuses a body by its announced length, and serves the connection on', async () => {
    const { socket, parts, until, close } = await wire();
    const length = maxBodyBytes + 1;
    socket.write(`${head}Content-Length: ${length}\r\n\r\n`);
    expect(await until('body_too_large')).toMatch(/^HTTP\/1\.1 413 /);
    socket.write(Buffer.alloc(length, ' '));
    socket.write('GET /alive HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await until('"alive?":true')).toContain('HTTP/1.1 200 OK');
    expect(parts.sessions.requests).toEqual([]);
    await close();
  });

  it('refuses a body of no announced length when it grows too large, while the client still sends', async () => {
    const { socket, until, close } = await wire();
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
    const chunk = Buffer.alloc(64 * 1024, ' ');
    for (let sent = 0; sent <= 4 * maxBodyBytes; sent += chunk.length) {
      socket.write('10000\r\n');
      socket.write(chunk);
      socket.write('\r\n');
    }
    expect(await until('body_too_large')).toMatch(/^HTTP\/1\.1 413 /);
    await close();
  });

  it('starts nothing when the client leaves halfway through the upload', async () => {
    const { socket, parts, requested, close } = await wire();
    socket.write(`${head}Content-Length: 1000\r\n\r\n{"language": "py`);
    await requested;
    const logged = until(parts.log, 'request-done');
    socket.destroy();
    await logged;
    expect(parts.sessions.requests).toEqual([]);
    expect(parts.log.join('')).toContain('"status":"aborted"');
    await close();
  });

  it('aborts a start, and ends what came of it, when the client leaves meanwhile', async () => {
    const { socket, parts, close } = await wire();
    let open: () => void = () => undefined;
    parts.sessions.gate = new Promise((resolve) => (open = resolve));
    socket.write(`${head}Content-Length: 21\r\n\r\n{"language":"python"}`);
    await until(parts.sessions.signals, '[object AbortSignal]');
    const [signal] = parts.sessions.signals;
    if (signal === undefined) throw new Error('no start was seen');
    const aborted = once(signal, 'abort');
    socket.destroy();
    await aborted;
    open();
    await until(parts.sessions.all, '[object Object]');
    await new Promise(setImmediate);
    expect(parts.sessions.all.map(({ state }) => state)).toEqual(['ended']);
    await close();
  });
});

/** Lets the event loop turn until one of the items reads as said. Bounded by the test's own time. */
async function until(items: readonly unknown[], text: string): Promise<void> {
  while (!items.some((item) => String(item).includes(text))) await new Promise(setImmediate);
}
