/**
 * Bad input to a whole runner: each kind gets its status and code, claims no sandbox, leaves nothing, and the next start
 * works. What each bound means in detail is tested with the unit that holds it.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeOnEach } from '../support/describe-where.js';
import { groundPerDriver, type Ground } from '../support/grounds.js';
import { RawTar } from '../support/raw-tar.js';
import { RunningService } from '../support/running-service.js';
import { countSandboxes } from '../support/count-sandboxes.js';
import { send, type Sent } from '../support/send.js';
import { serverConnections } from '../support/server-connections.js';
import { untilEqual } from '../support/until-equal.js';

const mib = 1024 * 1024;
const poolSize = 2;
const hiker = new RawTar().file('hiker.py', 'answer = 42\n').end();

type Case = readonly [name: string, sent: Sent | (() => Sent), status: number, code: string];

function tar(body: Buffer): Sent {
  return { path: '/repl?language=python', headers: { 'Content-Type': 'application/x-tar' }, body };
}

function gzip(body: Buffer): Sent {
  return { path: '/repl?language=python', headers: { 'Content-Type': 'application/gzip' }, body };
}

function json(value: unknown): Sent {
  const body = typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value);
  return { path: '/repl', headers: { 'Content-Type': 'application/json' }, body };
}

function python(options: Record<string, unknown>): Sent {
  return json({ language: 'python', ...options });
}

/** A gzip of this buffer as often as said: members in a row are one stream. */
function repeated(piece: Buffer, times: number): Buffer {
  return Buffer.concat(new Array<Buffer>(times).fill(gzipSync(piece)));
}

function thousandEntries(): Buffer {
  const entry = new RawTar().file('same', '').body();
  return Buffer.concat(new Array<Buffer>(1000).fill(entry));
}

const hostileArchives: readonly Case[] = [
  ['an absolute path', tar(new RawTar().file('/etc/cron.d/evil', 'x').end()), 422, 'archive_unsafe'],
  ['a path upwards', tar(new RawTar().file('a/../../evil', 'x').end()), 422, 'archive_unsafe'],
  ['a symbolic link out', tar(new RawTar().symlink('a', '../../etc/shadow').end()), 422, 'archive_unsafe'],
  ['an absolute symbolic link', tar(new RawTar().symlink('a', '/etc/shadow').end()), 422, 'archive_unsafe'],
  ['a file beneath a link', tar(new RawTar().symlink('a', 'b').file('a/x', '').end()), 422, 'archive_unsafe'],
  ['a hard link out', tar(new RawTar().hardlink('a', '/etc/shadow').end()), 422, 'archive_unsafe'],
  ['a character device', tar(new RawTar().entry('3', 'null').end()), 422, 'archive_unsafe'],
  ['a block device', tar(new RawTar().entry('4', 'sda').end()), 422, 'archive_unsafe'],
  ['a fifo', tar(new RawTar().entry('6', 'pipe').end()), 422, 'archive_unsafe'],
  ['an entry of no known kind', tar(new RawTar().entry('Z', 'what').end()), 422, 'archive_invalid'],
  ['a name that is not UTF-8', tar(new RawTar().file(Buffer.from([0x61, 0xff]), 'x').end()), 422, 'archive_invalid'],
  ['a file and a folder of one name', tar(new RawTar().file('a', '').file('a/b', '').end()), 422, 'archive_invalid'],
  ['10^6 entries', () => gzip(repeated(thousandEntries(), 1000)), 413, 'archive_too_large'],
  ['a bomb of 4 GiB', () => gzip(repeated(Buffer.alloc(4 * mib), 1000)), 413, 'archive_too_large'],
  ['a file that claims 8 GiB', tar(new RawTar().file('a', '', { size: 2 ** 33 - 1 }).end()), 413, 'archive_too_large'],
  ['33 folders in each other', tar(new RawTar().file('d/'.repeat(33) + 'f', '').end()), 413, 'archive_too_large'],
  [
    'a header that claims more than there is',
    tar(new RawTar().file('a', 'x', { size: 5000 }).end()),
    422,
    'archive_invalid',
  ],
  ['an archive without its end', tar(hiker.subarray(0, 700)), 422, 'archive_invalid'],
  ['an archive of no octets', tar(Buffer.alloc(0)), 422, 'archive_invalid'],
  ['something other than a tar', tar(Buffer.alloc(2048, 'no tar ')), 422, 'archive_invalid'],
  ['a gzip that is cut off', gzip(gzipSync(hiker).subarray(0, 40)), 422, 'archive_invalid'],
  ['a gzip that is none', gzip(Buffer.from('PK\x03\x04 a zip file')), 422, 'archive_invalid'],
  ['more than 16 MiB', () => tar(Buffer.alloc(16 * mib + 1)), 413, 'body_too_large'],
];

const badRequests: readonly Case[] = [
  ['malformed JSON', json('{"language": "python"'), 400, 'malformed_request'],
  ['JSON that is not UTF-8', json(Buffer.from([0x7b, 0xff, 0x7d])), 400, 'malformed_request'],
  ['a million brackets', () => json('['.repeat(1_000_000)), 400, 'malformed_request'],
  ['a list', json([]), 422, 'request_invalid'],
  ['an unknown field', python({ colour: 'red' }), 422, 'request_invalid'],
  ['10^5 unknown fields', () => json(Object.fromEntries(numbered(100_000))), 422, 'request_invalid'],
  ['10^5 files', () => python({ files: Object.fromEntries(numbered(100_000)) }), 413, 'archive_too_large'],
  ['a file outside', python({ files: { '../evil': 'x' } }), 422, 'archive_unsafe'],
  ['no language', json({}), 422, 'request_invalid'],
  ['an unknown language', json({ language: 'cobol' }), 422, 'language_unknown'],
  ['0 columns', python({ terminal: { cols: 0, rows: 24 } }), 422, 'request_invalid'],
  ['10^9 rows', python({ terminal: { cols: 80, rows: 1e9 } }), 422, 'request_invalid'],
  [
    '10^9 columns in the query',
    { ...tar(hiker), path: '/repl?language=python&cols=1000000000' },
    422,
    'request_invalid',
  ],
  ['no CPU', python({ limits: { cpus: 0 } }), 422, 'request_invalid'],
  ['10^9 CPUs', python({ limits: { cpus: 1e9 } }), 422, 'request_invalid'],
  ['no memory', python({ limits: { memory_mib: 0 } }), 422, 'request_invalid'],
  ['10^9 MiB of memory', python({ limits: { memory_mib: 1e9 } }), 422, 'request_invalid'],
  ['-1 processes', python({ limits: { processes: -1 } }), 422, 'request_invalid'],
  ['10^9 MiB of disk', python({ limits: { disk_mib: 1e9 } }), 422, 'request_invalid'],
  [
    'files that do not fit on the disk',
    python({ limits: { disk_mib: 1 }, files: { a: 'x'.repeat(2 * mib) } }),
    422,
    'disk_full',
  ],
  [
    'plain text',
    { path: '/repl', headers: { 'Content-Type': 'text/plain' }, body: '{}' },
    415,
    'media_type_unsupported',
  ],
  ['no type', { path: '/repl', body: '{}' }, 415, 'media_type_unsupported'],
  [
    'an encoded body',
    { ...tar(hiker), headers: { 'Content-Type': 'application/x-tar', 'Content-Encoding': 'br' } },
    415,
    'media_type_unsupported',
  ],
  ['a form without a boundary', form('multipart/form-data'), 400, 'malformed_request'],
  ['a form that is cut off', form('multipart/form-data; boundary=b', '--b\r\nContent-Dispo'), 400, 'malformed_request'],
  [
    'a form with a part that has no name',
    form('multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n'),
    422,
    'request_invalid',
  ],
  ['PUT', { ...python({}), method: 'PUT' }, 405, 'method_not_allowed'],
  ['DELETE of all', { method: 'DELETE', path: '/repl' }, 405, 'method_not_allowed'],
  ['another path', { ...python({}), path: '/repls' }, 404, 'route_unknown'],
  ['an id that is no text', { method: 'GET', path: '/repl/%ff' }, 400, 'malformed_request'],
  ['an unknown id', { method: 'GET', path: '/repl/..%2f..%2fetc' }, 404, 'session_unknown'],
];

const badCalls: readonly Case[] = [
  [
    'a restart from a hostile archive',
    { ...tar(new RawTar().symlink('a', '/').end()), path: '/restart' },
    422,
    'archive_unsafe',
  ],
  ['a restart in another language', { ...python({}), path: '/restart' }, 422, 'request_invalid'],
  ['a restart of half a tar', { ...tar(hiker.subarray(0, 700)), path: '/restart' }, 422, 'archive_invalid'],
  ['0 columns', { ...json({ cols: 0, rows: 1 }), path: '/resize' }, 422, 'request_invalid'],
  ['10^9 rows', { ...json({ cols: 1, rows: 1e9 }), path: '/resize' }, 422, 'request_invalid'],
  ['no size', { path: '/resize' }, 400, 'malformed_request'],
  ['a size of 65 KiB', { ...json(' '.repeat(65 * 1024)), path: '/resize' }, 413, 'body_too_large'],
  ['a signal that is none', { ...json({ signal: 'SIGSTOP; rm -rf /' }), path: '/signal' }, 422, 'request_invalid'],
  ['a signal as a number', { ...json({ signal: 9 }), path: '/signal' }, 422, 'request_invalid'],
  [
    'a signal as text',
    { path: '/signal', headers: { 'Content-Type': 'text/plain' }, body: 'SIGINT' },
    415,
    'media_type_unsupported',
  ],
  ['POST to the session', { ...json({}), path: '' }, 405, 'method_not_allowed'],
];

function numbered(count: number): [string, string][] {
  return Array.from({ length: count }, (_, index) => [`f${index}`, '']);
}

function form(type: string, body = 'x'): Sent {
  return { path: '/repl', headers: { 'Content-Type': type }, body };
}

function badInput(ground: Ground): void {
  let runner: RunningService;
  let replica: string;
  const ready = async (): Promise<{ replica: string; warm: { python: number } }> => {
    const { body } = await send(runner.url, { method: 'GET', path: '/ready' });
    return body as { replica: string; warm: { python: number } };
  };
  /** No session, no connection, and no sandbox but the warm ones. */
  const expectNothingLeft = async (): Promise<void> => {
    expect((await send(runner.url, { method: 'GET', path: '/repl' })).body).toEqual({ sessions: [] });
    await untilEqual(async () => (await ready()).warm.python, poolSize);
    await untilEqual(() => countSandboxes(ground, replica), poolSize);
    await untilEqual(() => serverConnections(runner.url), 0);
  };
  const expectNextStart = async (): Promise<void> => {
    const { status, body } = await send(runner.url, tar(hiker));
    expect(status).toBe(201);
    const { id } = body as { id: string };
    expect((await send(runner.url, { method: 'DELETE', path: `/repl/${id}` })).status).toBe(204);
  };

  beforeAll(async () => {
    runner = await RunningService.start({ ...ground.env, REPL_RUNNER_POOL: `python=${poolSize}:${poolSize}` });
    ({ replica } = await ready());
    await untilEqual(async () => (await ready()).warm.python, poolSize);
  });
  afterAll(async () => {
    await runner.stop();
  });

  it.each([...hostileArchives, ...badRequests])(
    'refuses %s, and starts the next',
    async (_name, given, status, code) => {
      const answer = await send(runner.url, typeof given === 'function' ? given() : given);
      expect({ status: answer.status, code: answer.code }).toEqual({ status, code });
      await expectNothingLeft();
      await expectNextStart();
    },
  );

  it.each([
    ['an empty archive', tar(new RawTar().end())],
    ['duplicate names', tar(new RawTar().file('a', '1').file('a', '2').end())],
    ['names of many scripts', python({ files: { 'наука/数学.py': 'x', '🐍.py': '' } })],
  ])('takes %s', async (_name, given) => {
    const { status, body } = await send(runner.url, given);
    expect(status).toBe(201);
    await send(runner.url, { method: 'DELETE', path: `/repl/${(body as { id: string }).id}` });
    await expectNothingLeft();
  });

  it('leaves a running session as it was, whatever is sent to it', async () => {
    const { session, terminal } = await runner.prompt({ files: { 'kept.py': 'x = 41\n' } });
    await terminal.run('y = 1');
    for (const [name, given, status, code] of badCalls) {
      const sent = typeof given === 'function' ? given() : given;
      const answer = await send(runner.url, { ...sent, path: `/repl/${session.id}${sent.path}` });
      expect({ name, status: answer.status, code: answer.code }).toEqual({ name, status, code });
    }
    const { status, code } = await send(runner.url, { method: 'POST', path: `/repl/${session.view_id}/restart` });
    expect({ status, code }).toEqual({ status: 404, code: 'session_unknown' });
    expect(await terminal.run('import kept; kept.x + y')).toContain('42');
    await terminal.close();
    await send(runner.url, { method: 'DELETE', path: `/repl/${session.id}` });
    await expectNothingLeft();
  });

  it.each<[string, string, (socket: Socket) => void]>([
    ['leave in a body of known length', 'Content-Length: 100000', (socket) => socket.destroy()],
    ['leave in a body in chunks', 'Transfer-Encoding: chunked', (socket) => socket.destroy()],
    ['reset in a body of known length', 'Content-Length: 100000', (socket) => socket.resetAndDestroy()],
    ['reset in a body in chunks', 'Transfer-Encoding: chunked', (socket) => socket.resetAndDestroy()],
    ['half-close in a body of known length', 'Content-Length: 100000', (socket) => socket.end()],
    ['half-close in a body in chunks', 'Transfer-Encoding: chunked', (socket) => socket.end()],
  ])('starts nothing for clients that %s', async (_name, header, leave) => {
    const upload = async (type: string): Promise<void> => {
      const head = `POST /repl?language=python HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n${header}\r\n\r\n`;
      const piece = header.startsWith('Transfer') ? '200\r\n' : '';
      const socket = await opened(runner.url, Buffer.concat([Buffer.from(head + piece), hiker.subarray(0, 512)]));
      const closed = once(socket, 'close');
      leave(socket);
      await closed;
    };
    const types = ['application/x-tar', 'application/json', 'multipart/form-data; boundary=b', 'text/plain'];
    await Promise.all([...types, ...types, ...types].map(upload));
    await expectNothingLeft();
    await expectNextStart();
  });

  it('keeps nothing of clients that leave while their sandboxes are made', async () => {
    const body = '{"language":"python","limits":{"processes":64}}';
    const leave = async (): Promise<void> => {
      const head = 'POST /repl HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
      const socket = await opened(runner.url, `${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      const closed = once(socket, 'close');
      socket.resetAndDestroy();
      await closed;
    };
    await Promise.all([leave(), leave(), leave()]);
    await expectNothingLeft();
    await expectNextStart();
  });
}

/** A connection on which this was sent. */
async function opened(url: string, text: string | Buffer): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  await new Promise((resolve) => socket.write(text, resolve));
  return socket;
}

describeOnEach(groundPerDriver, 'Bad input to a runner on', badInput);
