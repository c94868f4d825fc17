/** Bad websockets to a whole runner: each gets its status or close code, the session is as it was, and nothing is left. */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { describeOnEach } from '../support/describe-where.js';
import { groundPerDriver, type Ground } from '../support/grounds.js';
import { RawConnection } from '../support/raw-connection.js';
import { RunningService, type StartedSession } from '../support/running-service.js';
import { send } from '../support/send.js';
import { Random } from '../support/random.js';
import { serverConnections } from '../support/server-connections.js';
import type { TerminalClient } from '../support/terminal-client.js';
import { untilEqual } from '../support/until-equal.js';

const mib = 1024 * 1024;
const nobody = '/repl/nobody.00000000-0000-4000-8000-000000000000';
const token = 'a-token-of-the-tests';
const page = 'https://school.example';
const guarded = { REPL_RUNNER_API_TOKEN: token, REPL_RUNNER_ALLOWED_ORIGINS: page, REPL_RUNNER_POOL: 'python=1' };
const v1 = { subprotocol: 'repl.v1' };

/** Takes octets one by one, as a full-screen program does. */
const countsOctets = `
import os, termios, tty
def count():
    before = termios.tcgetattr(0)
    tty.setraw(0)
    print("listening", flush=True)
    seen = 0
    while seen < 10000: seen += len(os.read(0, 4096))
    termios.tcsetattr(0, termios.TCSANOW, before)
    print("counted", seen)
`;

const handshake = {
  Host: 'x',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** The text of an upgrade; a header that is null is left out. */
function upgrade(path: string, change: Readonly<Record<string, string | null>> = {}, method = 'GET'): string {
  const given: Readonly<Record<string, string | null>> = { ...handshake, ...change };
  const headers = Object.entries(given).filter(([, value]) => value !== null);
  return `${method} ${path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

const refusedUpgrades: readonly (readonly [string, string, RegExp])[] = [
  ['another path', upgrade('/'), /^HTTP\/1\.1 404 /],
  ['a path beneath a session', upgrade(`${nobody}/terminal`), /^HTTP\/1\.1 404 /],
  ['no id', upgrade('/repl/'), /^HTTP\/1\.1 404 /],
  ['an id with a slash in disguise', upgrade('/repl/a%2fb'), /^HTTP\/1\.1 404 /],
  ['an id of 10^4 characters', upgrade(`/repl/${'a'.repeat(10_000)}`), /^HTTP\/1\.1 404 /],
  ['an absolute address', upgrade(`http://x${nobody}`), /^HTTP\/1\.1 404 /],
  ['no key', upgrade(nobody, { 'Sec-WebSocket-Key': null }), /^HTTP\/1\.1 400 /],
  ['a key that is too short', upgrade(nobody, { 'Sec-WebSocket-Key': 'c2hvcnQ=' }), /^HTTP\/1\.1 400 /],
  ['an old version', upgrade(nobody, { 'Sec-WebSocket-Version': '7' }), /^HTTP\/1\.1 400 /],
  ['no version', upgrade(nobody, { 'Sec-WebSocket-Version': null }), /^HTTP\/1\.1 400 /],
  ['another protocol', upgrade(nobody, { Upgrade: 'h2c' }), /^HTTP\/1\.1 400 /],
  ['a malformed subprotocol', upgrade(nobody, { 'Sec-WebSocket-Protocol': 'a,,b' }), /^HTTP\/1\.1 400 /],
  ['another method', upgrade(nobody, {}, 'POST'), /^HTTP\/1\.1 405 /],
  ['octets that are no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', /^HTTP\/1\.1 400 /],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['100 KiB of headers', upgrade(nobody, { Cookie: 'c'.repeat(100 * 1024) }), /^(HTTP\/1\.1 431 |$)/],
];

const malformedControls: readonly (readonly [string, string])[] = [
  ['what is not JSON', 'ls -l\r'],
  ['nothing', ''],
  ['null', 'null'],
  ['a list', '[{"type": "ping", "t": 1}]'],
  ['10^5 brackets', '['.repeat(100_000)],
  ['an unknown type', '{"type": "eval", "code": "1"}'],
  ['an unknown field', '{"type": "ping", "t": 1, "u": 2}'],
  ['a number beyond all numbers', '{"type": "ping", "t": 1e999}'],
  ['0 columns', '{"type": "resize", "cols": 0, "rows": 24}'],
  ['10^9 rows', '{"type": "resize", "cols": 80, "rows": 1000000000}'],
  ['half a column', '{"type": "resize", "cols": 80.5, "rows": 24}'],
  ['an ack before the beginning', '{"type": "ack", "offset": -1}'],
  ['an ack beyond what was sent', '{"type": "ack", "offset": 1000000000}'],
  ['a signal that may not be sent', '{"type": "signal", "name": "SIGSTOP"}'],
];

function badWebsockets(ground: Ground): void {
  let runner: RunningService;
  let session: StartedSession;
  const attached: TerminalClient[] = [];
  const attach = (path = session.websocket, options: Parameters<RunningService['attach']>[1] = {}): TerminalClient => {
    const client = runner.attach(path, options);
    attached.push(client);
    return client;
  };

  beforeAll(async () => {
    runner = await RunningService.start(ground.env);
    session = await runner.startSession({ files: { 'frames.py': countsOctets } });
  });
  afterEach(async () => {
    for (const { socket } of attached.splice(0)) socket.terminate();
    const owner = runner.attach(session.websocket);
    await owner.until('>>> ');
    expect(await owner.run('6 * 7')).toContain('42');
    await owner.close();
    await untilEqual(() => serverConnections(runner.url), 0);
    const { body } = await send(runner.url, { method: 'GET', path: `/repl/${session.id}` });
    expect(body).toMatchObject({ state: 'running', attachments: { owner: false, viewers: 0 } });
    await untilEqual(() => serverConnections(runner.url), 0);
  });
  afterAll(async () => {
    await runner.stop();
  });

  it.each(refusedUpgrades)('refuses an upgrade with %s, and keeps nothing of it', async (_name, text, expected) => {
    const connection = await RawConnection.open(runner.url, text);
    expect(await connection.answer).toMatch(expected);
    // The client has not closed its side.
    await untilEqual(() => serverConnections(runner.url), 0);
    await connection.leave('destroy');
  });

  it('closes what is attached to an unknown session with 4404, to an ended one with 4410', async () => {
    expect((await attach(nobody).closed).code).toBe(4404);
    expect((await attach('/repl/a..b').closed).code).toBe(4404);
    expect((await attach(`${session.websocket}x`).closed).code).toBe(4404);
    const other = await runner.startSession();
    await send(runner.url, { method: 'DELETE', path: `/repl/${other.id}` });
    expect((await attach(other.websocket).closed).code).toBe(4410);
    expect((await attach(`/repl/${other.view_id}`).closed).code).toBe(4410);
  });

  it('cuts a client that does not answer the close of its socket', async () => {
    const connection = await RawConnection.open(runner.url, upgrade(nobody));
    await connection.until('No such session');
    await untilEqual(() => serverConnections(runner.url), 0);
    await connection.leave('destroy');
  });

  it('lets a client go that closes its half of the connection', async () => {
    const connection = await RawConnection.open(runner.url, upgrade(session.websocket));
    await connection.until('>>> ');
    connection.socket.end();
    await untilEqual(() => serverConnections(runner.url), 0);
    await connection.leave('destroy');
  });

  it.each([
    ['a raw owner', 'websocket', {}, true],
    ['a raw owner, as text', 'websocket', {}, false],
    ['an owner of repl.v1', 'websocket', v1, true],
    ['an owner of repl.v1, as text', 'websocket', v1, false],
    ['a viewer', 'viewer', {}, true],
  ])('closes with 1009 after a message above 1 MiB of %s', async (_name, role, options, binary) => {
    const path = role === 'viewer' ? `/repl/${session.view_id}` : session.websocket;
    for (const fragments of [1, 4]) {
      const client = attach(path, options);
      await client.until('>>> ');
      const piece = Buffer.alloc(Math.ceil((mib + 1) / fragments), 'x');
      for (let sent = 1; sent <= fragments; sent += 1) client.socket.send(piece, { binary, fin: sent === fragments });
      expect((await client.closed).code).toBe(1009);
    }
  });

  it.each(malformedControls)('closes with 4400 after %s', async (_name, text) => {
    const client = attach(session.websocket, v1);
    await client.until('>>> ');
    client.socket.send(text);
    // What comes behind it is not obeyed.
    client.socket.send(Buffer.from('print("typed " + "behind")\r'));
    const { code, reason } = await client.closed;
    expect({ code, reason: JSON.parse(reason) as unknown }).toMatchObject({
      code: 4400,
      reason: { reason: 'malformed' },
    });
    const later = attach();
    await later.until('>>> ');
    expect(await later.run('1 + 1')).not.toContain('typed behind');
    expect(later.text).not.toContain('typed behind');
  });

  it('closes with 1007 after text that is not UTF-8', async () => {
    const client = attach(session.websocket, v1);
    await client.until('>>> ');
    client.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect((await client.closed).code).toBe(1007);
  });

  it('obeys no viewer', async () => {
    const owner = attach(session.websocket, v1);
    await owner.until('>>> ');
    expect(await owner.run('import os, time; size = os.get_terminal_size()')).not.toContain('Error');
    owner.type('time.sleep(0.5); print("size", os.get_terminal_size() == size)\r');
    for (const options of [{}, v1]) {
      const viewer = attach(`/repl/${session.view_id}?cols=11&rows=11`, options);
      await viewer.until('>>> ');
      viewer.type('\x03\x04print("typed " + "by a viewer")\r');
      if (options !== v1) viewer.socket.send('print("typed " + "as text")\r');
      else {
        viewer.control({ type: 'resize', cols: 11, rows: 11 });
        viewer.control({ type: 'signal', name: 'SIGKILL' });
        viewer.control({ type: 'ack', offset: 1e9 });
        viewer.control({ type: 'ping', t: 7 });
        // The answer to the ping is behind whatever else was done.
        expect(await viewer.untilMessage('pong')).toEqual({ type: 'pong', t: 7 });
      }
    }
    await owner.until('size True');
    expect(owner.text).not.toMatch(/viewer|as text|KeyboardInterrupt/);
    expect(owner.messages.filter(({ type }) => type !== 'hello' && type !== 'replayed')).toEqual([]);
    const changes = [
      await runner.call('POST', `/repl/${session.view_id}/resize`, { cols: 11, rows: 11 }),
      await runner.call('POST', `/repl/${session.view_id}/signal`, { signal: 'SIGKILL' }),
      await runner.call('POST', `/repl/${session.view_id}/restart`, {}),
    ];
    expect(changes.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect((await runner.call('DELETE', `/repl/${session.view_id}`)).status).toBe(204);
  });

  it('takes 10^4 frames of one octet, and as many pings', async () => {
    const owner = attach(session.websocket, v1);
    await owner.until('>>> ');
    owner.type('import frames; frames.count()\r');
    await owner.until('listening');
    for (let count = 0; count < 10_000; count += 1) owner.socket.send(Buffer.from('x'));
    for (let count = 0; count < 10_000; count += 1) owner.control({ type: 'ping', t: count });
    await untilEqual(() => owner.messages.filter(({ type }) => type === 'pong').length, 10_000);
    await owner.until(/counted 10000\r\n.*>>> $/s);
  });

  it('keeps nothing of 100 clients that vanish in the middle of it', async () => {
    const random = new Random(2);
    const paths = [session.websocket, `/repl/${session.view_id}`, nobody, '/'];
    const vanish = async (): Promise<void> => {
      const text = upgrade(
        paths[random.below(paths.length)] ?? '/',
        random.next() < 0.5 ? { 'Sec-WebSocket-Protocol': 'repl.v1' } : {},
      );
      const frames = Buffer.from(Array.from({ length: 64 }, () => random.below(256)));
      const sent = Buffer.concat([Buffer.from(text), frames]).subarray(
        0,
        Math.ceil(random.next() * (text.length + frames.length)),
      );
      const connection = await RawConnection.open(runner.url, sent);
      if (random.next() < 0.3) connection.socket.end();
      const whole = sent.length >= text.length;
      if (whole && random.next() < 0.5) await Promise.race([connection.answer, connection.until('HTTP/1.1')]);
      await connection.leave(random.next() < 0.5 ? 'destroy' : 'resetAndDestroy');
    };
    for (let batch = 0; batch < 10; batch += 1) await Promise.all(Array.from({ length: 10 }, vanish));
    await untilEqual(() => serverConnections(runner.url), 0);
  });
}

function guardedWebsockets(ground: Ground): void {
  let runner: RunningService;
  let session: StartedSession;
  beforeAll(async () => {
    runner = await RunningService.start({ ...ground.env, ...guarded });
    session = await runner.startSession();
  });
  afterAll(async () => {
    await runner.stop();
  });

  const right = { Authorization: `Bearer ${token}` };

  it.each<[string, Record<string, string>, number]>([
    ['no token', { Origin: page }, 4401],
    ['a wrong token', { Origin: page, Authorization: `Bearer ${token}s` }, 4401],
    ['another scheme', { Origin: page, Authorization: `Basic ${token}` }, 4401],
    ['a wrong origin', { Origin: 'https://evil.example', ...right }, 4403],
    ['an origin of another port', { Origin: `${page}:8443`, ...right }, 4403],
    ['the origin null', { Origin: 'null', ...right }, 4403],
  ])('closes a websocket with %s, whether the session is there or not', async (_name, headers, code) => {
    for (const path of [session.websocket, nobody]) {
      const client = runner.attach(path, { headers });
      expect((await client.closed).code).toBe(code);
      expect(client.text).toBe('');
    }
    await untilEqual(() => serverConnections(runner.url), 0);
  });

  it.each<[string, Record<string, string>]>([
    ['of the right origin', { Origin: page }],
    ['without an origin, which only programs do', {}],
  ])('lets in what comes with the token, and %s', async (_name, headers) => {
    const client = runner.attach(session.websocket, { headers: { ...right, ...headers } });
    await client.until('>>> ');
    expect(await client.run('6 * 7')).toContain('42');
    await client.close();
    await untilEqual(() => serverConnections(runner.url), 0);
  });
}

describeOnEach(groundPerDriver, 'Bad websockets to a runner on', badWebsockets);
describeOnEach(groundPerDriver, 'Bad websockets to a runner that wants a token and an origin, on', guardedWebsockets);
