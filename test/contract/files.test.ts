/** The files of a session over HTTP: the same on every driver and every Python. */
import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readArchive } from '../../src/workspace/archive.js';
import { describeOnEach } from '../support/describe-where.js';
import { grounds, type Ground } from '../support/grounds.js';
import { RawTar } from '../support/raw-tar.js';
import { RunningService } from '../support/running-service.js';

const mib = 1024 * 1024;
const octets = 'application/octet-stream';

interface Answered {
  readonly status: number;
  readonly code: string | null;
  readonly headers: Headers;
  readonly body: Buffer;
}

interface Entry {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly executable: boolean;
  readonly target: string | null;
}

interface Sent {
  readonly body?: Buffer | string;
  readonly type?: string;
  readonly accept?: string;
}

/** A file's address; each segment of its path encoded. */
function fileUrl(id: string, path: string): string {
  return `/repl/${id}/files/${path.split('/').map(encodeURIComponent).join('/')}`;
}

function contract(ground: Ground): void {
  let runner: RunningService;
  beforeAll(async () => {
    runner = await RunningService.start(ground.env);
  });
  afterAll(async () => {
    await runner.stop();
  });

  async function call(method: string, path: string, { body, type = octets, accept = '*/*' }: Sent = {}) {
    const response = await fetch(new URL(path, runner.url), {
      method,
      headers: { Accept: accept, ...(body === undefined ? {} : { 'Content-Type': type }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    });
    const octetsGot = Buffer.from(await response.arrayBuffer());
    const { status, headers } = response;
    const text = octetsGot.toString();
    const error = status < 400 ? null : (JSON.parse(text) as { error: { code: string } }).error.code;
    const answered: Answered = { status, headers, code: error, body: octetsGot };
    return answered;
  }

  const put = (id: string, path: string, body: Buffer | string, type = octets): Promise<Answered> =>
    call('PUT', fileUrl(id, path), { body, type });
  const get = (id: string, path: string, accept = '*/*'): Promise<Answered> =>
    call('GET', fileUrl(id, path), { accept });

  async function list(id: string, query = '?recursive=1'): Promise<Entry[]> {
    const { body } = await call('GET', `/repl/${id}/files${query}`);
    return (JSON.parse(body.toString()) as { entries: Entry[] }).entries;
  }

  async function paths(id: string): Promise<string[]> {
    return (await list(id)).map(({ path }) => path);
  }

  /** A session in which this Python has run. */
  async function after(startup: string, options: Record<string, unknown> = {}) {
    const { session, terminal } = await runner.prompt({ startup, ...options });
    expect(terminal.text).not.toContain('Traceback');
    return { id: session.id, viewId: session.view_id, terminal };
  }

  it('writes files that the REPL imports, makes their folders, and says whether they are new', async () => {
    const { id, terminal } = await after('');
    expect((await put(id, 'a/b/hiker.py', 'answer = 41\n')).status).toBe(201);
    expect((await put(id, 'a/b/hiker.py', 'answer = 42\n')).status).toBe(204);
    expect(await terminal.run('import a.b.hiker; a.b.hiker.answer')).toContain('42');
    const read = await get(id, 'a/b/hiker.py');
    expect([read.status, read.body.toString()]).toEqual([200, 'answer = 42\n']);
    expect(read.headers.get('content-type')).toBe(octets);
    await terminal.close();
  });

  it('gives back every octet, and JSON where that is asked for', async () => {
    const { id } = await runner.startSession();
    const binary = randomBytes(100_000);
    await put(id, 'blob', binary);
    expect((await get(id, 'blob')).body.equals(binary)).toBe(true);
    await put(id, 'empty', '');
    expect((await get(id, 'empty')).headers.get('content-length')).toBe('0');
    const json = JSON.parse((await get(id, 'blob', 'application/json')).body.toString()) as Record<string, unknown>;
    expect(json).toMatchObject({ path: 'blob', size: 100_000, base64: binary.toString('base64') });
    await put(id, 'words', JSON.stringify({ content: 'grüße\0\n', executable: true }), 'application/json');
    const words = JSON.parse((await get(id, 'words', 'application/json')).body.toString()) as Record<string, unknown>;
    expect(words).toMatchObject({ content: 'grüße\0\n', executable: true, size: 9 });
    await put(id, 'raw', JSON.stringify({ base64: Buffer.from([0, 255]).toString('base64') }), 'application/json');
    expect((await get(id, 'raw')).body).toEqual(Buffer.from([0, 255]));
  });

  it('keeps the executable bit unless told', async () => {
    const { id } = await runner.startSession();
    await call('PUT', `${fileUrl(id, 'tool')}?executable=1`, { body: '#!/bin/sh\n' });
    await put(id, 'tool', '#!/bin/sh\necho\n');
    expect((await get(id, 'tool')).headers.get('x-executable')).toBe('1');
    await call('PUT', `${fileUrl(id, 'tool')}?executable=0`, { body: '' });
    expect((await list(id)).map(({ executable }) => executable)).toEqual([false]);
  });

  it('takes names with spaces, percent signs, Unicode and leading dots as they are', async () => {
    const { id } = await runner.startSession();
    const names = [
      'with space',
      '100%',
      '%41',
      'ünï/ço∂é 🙂',
      '.hidden',
      '..dots',
      '-rf',
      'a\nb',
      'a;b?c#d',
      '__proto__',
    ];
    for (const name of names) expect((await put(id, name, name)).status).toBe(201);
    for (const name of names) expect((await get(id, name)).body.toString()).toBe(name);
    expect((await list(id)).filter(({ type }) => type === 'file').map(({ path }) => path)).toEqual(
      expect.arrayContaining(names),
    );
  });

  it('refuses paths that leave the workspace, or that no file could have', async () => {
    const { id } = await runner.startSession();
    const refused: readonly (readonly [string, number, string])[] = [
      ['..', 422, 'path_unsafe'],
      ['../etc/passwd', 422, 'path_unsafe'],
      ['a/../../b', 422, 'path_unsafe'],
      ['%2e%2e/x', 422, 'path_unsafe'],
      ['..%2fx', 422, 'path_unsafe'],
      ['/etc/passwd', 422, 'path_unsafe'],
      ['%2fetc%2fpasswd', 422, 'path_unsafe'],
      ['a%00b', 422, 'path_unsafe'],
      ['.', 422, 'path_invalid'],
      ['x'.repeat(256), 422, 'path_invalid'],
      [`${'x'.repeat(200)}/`.repeat(6) + 'x', 422, 'path_invalid'],
      ['d/'.repeat(33) + 'x', 422, 'path_invalid'],
      ['.repl_runner-x', 422, 'path_invalid'],
      ['%zz', 400, 'malformed_request'],
      ['%ff', 400, 'malformed_request'],
    ];
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      for (const [path, status, code] of refused) {
        const answer = await unnormalised(runner.url, method, `/repl/${id}/files/${path}`);
        expect([path, answer]).toEqual([path, { status, code }]);
      }
    }
    const rename = (to: string) =>
      call('PATCH', fileUrl(id, 'x'), { body: JSON.stringify({ path: to }), type: 'application/json' });
    expect((await rename('../x')).code).toBe('path_unsafe');
    expect((await rename('')).code).toBe('path_invalid');
    expect((await call('GET', `/repl/${id}/files?path=../..`)).code).toBe('path_unsafe');
    expect(await list(id)).toEqual([]);
  });

  it('says what is missing, and what is of another kind', async () => {
    const { id } = await runner.startSession({ files: { 'd/f': 'x' } });
    const codes = [
      await get(id, 'nothing'),
      await get(id, 'd'),
      await get(id, 'd/f/x'),
      await put(id, 'd', 'x'),
      await put(id, 'd/f/x', 'x'),
      await call('DELETE', fileUrl(id, 'nothing')),
      await call('GET', `/repl/${id}/files?path=nothing`),
      await call('GET', `/repl/${id}/files?path=d/f`),
    ].map(({ status, code }) => `${status} ${code ?? ''}`);
    expect(codes).toEqual([
      '404 file_unknown',
      ...new Array<string>(4).fill('409 file_kind'),
      ...new Array<string>(2).fill('404 file_unknown'),
      '409 file_kind',
    ]);
    expect((await put(id, 'x', 'x', 'application/x-www-form-urlencoded')).code).toBe('media_type_unsupported');
    expect((await put(id, 'x', '{"content": "a", "base64": ""}', 'application/json')).code).toBe('request_invalid');
    expect((await call('GET', `/repl/${id}/files?recursive=yes`)).code).toBe('request_invalid');
    expect(await paths(id)).toEqual(['d', 'd/f']);
  });

  it('renames without overwriting, unless told, and removes whole folders', async () => {
    const { id } = await runner.startSession({ files: { 'a/one': '1', 'a/two': '2', three: '3' } });
    const rename = (from: string, body: object) =>
      call('PATCH', fileUrl(id, from), { body: JSON.stringify(body), type: 'application/json' });
    expect((await rename('a', { path: 'new/place' })).status).toBe(204);
    expect(await paths(id)).toEqual(['new', 'three', 'new/place', 'new/place/one', 'new/place/two']);
    expect((await rename('three', { path: 'new/place/one' })).code).toBe('file_exists');
    expect((await rename('three', { path: 'new/place/one', overwrite: true })).status).toBe(204);
    expect((await get(id, 'new/place/one')).body.toString()).toBe('3');
    expect((await rename('new', { path: 'new/inner' })).code).toBe('path_invalid');
    expect((await rename('three', { path: 'x' })).code).toBe('file_unknown');
    expect((await call('DELETE', fileUrl(id, 'new'))).status).toBe(204);
    expect(await paths(id)).toEqual([]);
  });

  it('lists one folder, or all below it', async () => {
    const { id } = await after('import os; os.symlink("d", "link"); os.mkfifo("fifo")', {
      files: { 'd/e/f': 'abc', top: 'x' },
    });
    const short = ({ path, type, size, target }: Entry) => [path, type, size, target];
    expect((await list(id, '')).map(short)).toEqual([
      ['d', 'directory', 0, null],
      ['fifo', 'other', 0, null],
      ['link', 'symlink', 0, 'd'],
      ['top', 'file', 1, null],
    ]);
    expect((await list(id, '?path=d&recursive=1')).map(short)).toEqual([
      ['d/e', 'directory', 0, null],
      ['d/e/f', 'file', 3, null],
    ]);
    expect((await list(id, '?path=link')).map(({ path }) => path)).toEqual(['d/e']);
  });

  it('follows links within the workspace, and none out of it', async () => {
    const { id } = await after(
      [
        'import os',
        'os.symlink("d/f", "inside"); os.symlink("/sandbox/d", "absolute"); os.symlink("../d/f", "d/up")',
        'os.symlink("/etc/passwd", "out"); os.symlink("../etc", "parent"); os.symlink("loop", "loop")',
        'os.symlink("/proc/self/root/etc/passwd", "proc"); os.symlink("d", "folder")',
      ].join('\n'),
      { files: { 'd/f': 'here' } },
    );
    for (const path of ['inside', 'absolute/f', 'd/up', 'folder/f']) {
      expect([path, (await get(id, path)).body.toString()]).toEqual([path, 'here']);
    }
    for (const path of ['out', 'parent/passwd', 'loop', 'proc', 'loop/x']) {
      expect([path, (await get(id, path)).code]).toEqual([path, 'path_unsafe']);
    }
    for (const path of ['parent/x', 'loop/x']) expect((await put(id, path, 'x')).code).toBe('path_unsafe');
    expect((await call('DELETE', fileUrl(id, 'parent/passwd'))).code).toBe('path_unsafe');
    // A link's own name is the link: writing replaces it, removing removes it.
    expect((await put(id, 'out', 'mine')).status).toBe(204);
    expect((await get(id, 'out')).body.toString()).toBe('mine');
    expect((await call('DELETE', fileUrl(id, 'folder'))).status).toBe(204);
    expect((await get(id, 'd/f')).body.toString()).toBe('here');
  });

  it('never waits for fifos, sockets and leases, and says what is locked', async () => {
    const { id } = await after(
      [
        'import os, socket, fcntl',
        'os.mkfifo("fifo"); socket.socket(socket.AF_UNIX).bind("socket")',
        'held = open("leased", "w"); fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)',
        'import signal; signal.signal(signal.SIGIO, signal.SIG_IGN)',
        'open("secret", "w").close(); os.chmod("secret", 0)',
        'os.mkdir("shut"); open("shut/x", "w").close(); os.chmod("shut", 0o500)',
        'os.mkdir("closed"); open("closed/x", "w").close(); os.chmod("closed", 0)',
      ].join('\n'),
    );
    for (const path of ['fifo', 'socket']) expect([path, (await get(id, path)).code]).toEqual([path, 'file_kind']);
    expect((await get(id, 'leased')).code).toBe('session_busy');
    for (const path of ['secret', 'closed/x'])
      expect([path, (await get(id, path)).code]).toEqual([path, 'file_locked']);
    for (const path of ['shut/y', 'closed/y']) expect((await put(id, path, '')).code).toBe('file_locked');
    expect((await get(id, 'shut/x')).status).toBe(200);
    expect((await call('DELETE', fileUrl(id, 'shut'))).status).toBe(204);
    expect((await call('DELETE', fileUrl(id, 'closed'))).status).toBe(204);
    const forked = JSON.parse((await call('POST', `/repl/${id}/fork`)).body.toString()) as {
      id: string;
      fork: { left_out: { path: string; reason: string }[]; left_out_count: number };
    };
    expect(forked.fork.left_out).toEqual([
      { path: 'fifo', reason: 'special' },
      { path: 'leased', reason: 'unreadable' },
      { path: 'secret', reason: 'unreadable' },
      { path: 'socket', reason: 'special' },
    ]);
    expect(forked.fork.left_out_count).toBe(4);
    await call('DELETE', `/repl/${forked.id}`);
  });

  it('streams a file of 20 MiB out, alone and in an archive', async () => {
    const { id, terminal } = await after(
      'import os, hashlib; big = os.urandom(20 << 20); open("big", "wb").write(big)',
    );
    const digest = /[0-9a-f]{64}/.exec(await terminal.run('hashlib.sha256(big).hexdigest()'))?.[0];
    const sha = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
    const read = await get(id, 'big');
    expect([read.body.length, sha(read.body)]).toEqual([20 * mib, digest]);
    expect((await get(id, 'big', 'application/json')).code).toBe('file_too_large');
    const archive = await call('GET', `/repl/${id}/archive`);
    expect(sha(archive.body.subarray(512, 512 + 20 * mib))).toBe(digest);
    await terminal.close();
  });

  it('bounds what is written, and keeps the old file whole when there is no room', async () => {
    const { id } = await runner.startSession({ files: { kept: 'old' }, limits: { disk_mib: 2 } });
    expect((await put(id, 'kept', Buffer.alloc(3 * mib))).code).toBe('disk_full');
    expect((await put(id, 'kept', Buffer.alloc(17 * mib))).code).toBe('body_too_large');
    expect((await get(id, 'kept')).body.toString()).toBe('old');
    expect(await paths(id)).toEqual(['kept']);
    expect((await put(id, 'kept', Buffer.alloc(mib))).status).toBe(204);
  });

  it('never shows half a file to a program that reads it all the time', async () => {
    const { id, terminal } = await after(
      [
        'import threading',
        'seen, stop = set(), False',
        'def look():',
        '    while not stop:',
        '        data = open("f", "rb").read()',
        '        seen.add((len(data), data[:1], data[-1:]))',
        'thread = threading.Thread(target=look); thread.start()',
      ].join('\n'),
      { files: { f: 'a' } },
    );
    for (let round = 0; round < 10; round += 1) {
      await put(id, 'f', Buffer.alloc(mib, 'b'));
      await put(id, 'f', Buffer.alloc(2 * mib, 'c'));
    }
    const said = await terminal.run('stop = True; thread.join(); print(sorted(seen))');
    const states = said.match(/\(\d+, b'.', b'.'\)/g) ?? [];
    const whole = ["(1, b'a', b'a')", `(${mib}, b'b', b'b')`, `(${2 * mib}, b'c', b'c')`];
    expect(states.length).toBeGreaterThan(0);
    expect(states.filter((state) => !whole.includes(state))).toEqual([]);
    await terminal.close();
  });

  it('gives the workspace as an archive, and takes one in its place or beside it', async () => {
    const { id } = await runner.startSession({ files: { 'a/one': '1', 'a/ünï': '2' } });
    await call('PUT', `${fileUrl(id, 'a/tool')}?executable=1`, { body: 'x' });
    const plain = await call('GET', `/repl/${id}/archive`);
    expect(plain.headers.get('content-type')).toBe('application/x-tar');
    const zipped = await call('GET', `/repl/${id}/archive?gzip=1`);
    expect(await entriesOf(gunzipSync(zipped.body))).toEqual(await entriesOf(plain.body));
    expect(await entriesOf(plain.body)).toEqual(['a', 'a/one 1', 'a/tool x*', 'a/ünï 2']);
    const tar = new RawTar().file('b', 'new').file('a/one', 'newer').end();
    const sent = { body: gzipSync(tar), type: 'application/gzip' };
    const merged = await call('PUT', `/repl/${id}/archive?merge=1`, sent);
    expect(JSON.parse(merged.body.toString())).toEqual({ files: 2, bytes: 8 });
    expect(await paths(id)).toEqual(['a', 'b', 'a/one', 'a/tool', 'a/ünï']);
    expect((await get(id, 'a/one')).body.toString()).toBe('newer');
    const evil = { body: new RawTar().file('../evil', '').end(), type: 'application/x-tar' };
    expect((await call('PUT', `/repl/${id}/archive`, evil)).code).toBe('archive_unsafe');
    expect(await paths(id)).toHaveLength(5);
    const json = { body: JSON.stringify({ files: { only: 'me' } }), type: 'application/json' };
    expect((await call('PUT', `/repl/${id}/archive`, json)).status).toBe(200);
    expect(await paths(id)).toEqual(['only']);
    expect((await call('PUT', `/repl/${id}/archive`, { body: plain.body, type: 'application/x-tar' })).status).toBe(
      200,
    );
    expect(await entriesOf((await call('GET', `/repl/${id}/archive`)).body)).toEqual(await entriesOf(plain.body));
  });

  it('replaces what a program has locked and nested deeply', async () => {
    const { id } = await after(
      [
        'import os',
        'top = os.getcwd()',
        'for depth in range(3000): os.mkdir("d"); os.chdir("d")',
        'os.chdir(top); os.makedirs("l/m/n"); open("l/m/f", "w").close()',
        'os.chmod("l/m", 0o500); os.chmod("l", 0)',
      ].join('\n'),
    );
    expect((await call('GET', `/repl/${id}/files?recursive=1`)).body.toString()).toContain('"truncated":true');
    const json = { body: JSON.stringify({ files: { only: 'me' } }), type: 'application/json' };
    expect((await call('PUT', `/repl/${id}/archive`, json)).status).toBe(200);
    expect(await paths(id)).toEqual(['only']);
  });

  it('goes on when the REPL has exited, and is not for those who may only watch', async () => {
    const { id, viewId, terminal } = await after('', { files: { f: 'x' } });
    terminal.type('exit()\r');
    await terminal.closed;
    expect((await get(id, 'f')).body.toString()).toBe('x');
    expect((await put(id, 'g', 'y')).status).toBe(201);
    expect(await entriesOf((await call('GET', `/repl/${id}/archive`)).body)).toEqual(['f x', 'g y']);
    const calls = ['files', 'files/f', 'archive'].map((path) => call('GET', `/repl/${viewId}/${path}`));
    calls.push(call('PUT', `/repl/${viewId}/files/f`, { body: '' }), call('POST', `/repl/${viewId}/fork`));
    for (const answer of await Promise.all(calls)) expect(answer.code).toBe('session_unknown');
    const forked = await call('POST', `/repl/${id}/fork`);
    expect(forked.status).toBe(201);
    await call('DELETE', forked.headers.get('location') ?? '');
    await call('DELETE', `/repl/${id}`);
    expect((await get(id, 'f')).code).toBe('session_ended');
  });

  it('forks: the same files in a session of its own, the first one unharmed while it writes', async () => {
    const startup = [
      'import os, threading',
      'def write():',
      '    for n in range(100000):',
      '        if stop: break',
      '        open("busy", "w").write("x" * (n % 50000))',
      'stop = False; thread = threading.Thread(target=write); thread.start()',
      'os.symlink("d/hiker.py", "link"); secret = 1',
    ].join('\n');
    const { id, terminal } = await after(startup, { files: { 'd/hiker.py': 'answer = 42\n' }, env: { COLOUR: 'red' } });
    const body = JSON.stringify({ env: { COLOUR: 'blue' }, terminal: { cols: 99, rows: 30 } });
    const forked = await call('POST', `/repl/${id}/fork`, { body, type: 'application/json' });
    const answer = JSON.parse(forked.body.toString()) as Record<string, unknown> & { id: string };
    expect(forked.status).toBe(201);
    expect(forked.headers.get('location')).toBe(`/repl/${answer.id}`);
    expect(answer).toMatchObject({ language: 'python', state: 'running', fork: { files: 2 } });
    expect(answer.fork).toMatchObject({ not_copied: expect.arrayContaining(['processes', 'variables']) as unknown });
    const other = runner.attach(`/repl/${answer.id}`);
    await other.until('>>> ');
    const line = 'import d.hiker, os; d.hiker.answer, os.environ["COLOUR"], os.readlink("link"), "secret" in globals()';
    expect(await other.run(line)).toContain("(42, 'blue', 'd/hiker.py', False)");
    expect(await other.run('os.get_terminal_size().columns')).toContain('99');
    await put(answer.id, 'd/hiker.py', '');
    expect((await get(id, 'd/hiker.py')).body.toString()).toBe('answer = 42\n');
    expect(await terminal.run('stop = True; thread.join(); secret')).toContain('1');
    await Promise.all([terminal.close(), other.close()]);
    await call('DELETE', `/repl/${answer.id}`);
  });
}

/** What is in a tar: paths, with contents and a star for executables. */
async function entriesOf(tar: Buffer): Promise<string[]> {
  const bounds = { unpackedBytes: 2 ** 26, entries: 10_000, depth: 64 };
  const entries = await readArchive(tar, { gzip: false, bounds, signal: new AbortController().signal });
  return entries
    .map((entry) =>
      entry.type === 'file' ? `${entry.path} ${entry.content.toString()}${entry.executable ? '*' : ''}` : entry.path,
    )
    .sort();
}

/** One request whose path goes out as it is. */
async function unnormalised(url: string, method: string, path: string): Promise<{ status: number; code: string }> {
  const { hostname, port } = new URL(url);
  return await new Promise((resolve, reject) => {
    const sent = httpRequest({ hostname, port, method, path, agent: false }, (response) => {
      let text = '';
      response.on('data', (data: Buffer) => (text += data.toString()));
      response.on('end', () => {
        const code = text === '' ? '' : (JSON.parse(text) as { error: { code: string } }).error.code;
        resolve({ status: response.statusCode ?? 0, code });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

describeOnEach(grounds, 'Files on', contract);
