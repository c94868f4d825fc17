import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readArchive, writeArchive } from '../../../src/workspace/archive.js';
import type { WorkspaceEntry } from '../../../src/workspace/entry.js';
import { RawTar } from '../../support/raw-tar.js';

const bounds = { unpackedBytes: 64 * 1024 * 1024, entries: 10_000, depth: 32 };
const never = new AbortController().signal;

function read(archive: Buffer, gzip = false): Promise<WorkspaceEntry[]> {
  return readArchive(archive, { gzip, bounds, signal: never });
}

function refusedWith(code: string, reason: string | RegExp = /./): unknown {
  const text: unknown = typeof reason === 'string' ? reason : expect.stringMatching(reason);
  return expect.objectContaining({ code, context: expect.objectContaining({ reason: text }) as unknown });
}

function file(path: string, content = 'x', executable = false): WorkspaceEntry {
  return { type: 'file', path, executable, content: Buffer.from(content) };
}

describe('readArchive', () => {
  it('reads files, folders and links, plain and gzipped', async () => {
    const tar = new RawTar()
      .directory('./')
      .file('./pkg/hiker.py', 'def answer(): return 6 * 7\n')
      .file('run.sh', '#!/bin/sh\n', { mode: 0o755 })
      .symlink('pkg/link', '../run.sh')
      .end();
    const expected = [
      { type: 'directory', path: 'pkg' },
      file('pkg/hiker.py', 'def answer(): return 6 * 7\n'),
      file('run.sh', '#!/bin/sh\n', true),
      { type: 'symlink', path: 'pkg/link', target: '../run.sh' },
    ];
    await expect(read(tar)).resolves.toEqual(expected);
    await expect(read(gzipSync(tar), true)).resolves.toEqual(expected);
  });

  it('reads an archive without entries as an empty workspace', async () => {
    await expect(read(new RawTar().end())).resolves.toEqual([]);
  });

  it('reads a gzip of several members with zeros behind them', async () => {
    const tar = new RawTar().file('a', 'x').end();
    const members = [gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700)), Buffer.alloc(512)];
    await expect(read(Buffer.concat(members), true)).resolves.toEqual([file('a')]);
  });

  it('keeps the last of several files of one name', async () => {
    const tar = new RawTar().file('a', 'first').file('b', 'x').file('./a', 'last').end();
    await expect(read(tar)).resolves.toEqual([file('a', 'last'), file('b')]);
  });

  it('makes a copy of an earlier file from a hard link', async () => {
    const tar = new RawTar().file('a', 'content').hardlink('b', './a').end();
    await expect(read(tar)).resolves.toEqual([file('a', 'content'), file('b', 'content')]);
  });

  it('reads macOS extras and pax headers', async () => {
    const tar = new RawTar()
      .file('./._hiker.py', 'resource fork')
      .pax({ mtime: '1700000000.5', path: 'ünïcode.py', 'LIBARCHIVE.xattr.com.apple.provenance': 'AQ==' })
      .file('unicode.py', 'x')
      .end();
    await expect(read(tar)).resolves.toEqual([file('._hiker.py', 'resource fork'), file('ünïcode.py')]);
  });

  it('stops when it is aborted', async () => {
    const reason = new Error('the client went away');
    const options = { gzip: false, bounds, signal: AbortSignal.abort(reason) };
    await expect(readArchive(new RawTar().end(), options)).rejects.toBe(reason);
  });
});

describe('readArchive refuses', () => {
  const long = 'n'.repeat(256);
  const deep = 'd/'.repeat(33);
  it.each([
    ['an absolute path', new RawTar().file('/etc/passwd', 'x').end(), 'archive_unsafe', /absolute/],
    ['a path upwards', new RawTar().file('../evil', 'x').end(), 'archive_unsafe', /"\.\."/],
    [
      'a path upwards in a pax header',
      new RawTar().pax({ path: 'a/../../b' }).file('a', 'x').end(),
      'archive_unsafe',
      /"\.\."/,
    ],
    ['a NUL in a pax path', new RawTar().pax({ path: 'a\0b' }).file('a', 'x').end(), 'archive_unsafe', /NUL/],
    ['a name that is not UTF-8', new RawTar().file(Buffer.from([0x61, 0xff]), 'x').end(), 'archive_invalid', /UTF-8/],
    [
      'a pax name that is not UTF-8',
      new RawTar()
        .pax({ path: Buffer.from([0x61, 0xff]) })
        .file('a', 'x')
        .end(),
      'archive_invalid',
      /UTF-8/,
    ],
    ['a name that is too long', new RawTar().pax({ path: long }).file('a', 'x').end(), 'archive_invalid', /255/],
    ['a path that is too deep', new RawTar().directory(deep).end(), 'archive_too_large', 'depth'],
    ['a symlink to an absolute path', new RawTar().symlink('a', '/etc/passwd').end(), 'archive_unsafe', /absolute/],
    ['a symlink out', new RawTar().symlink('d/a', '../../etc').end(), 'archive_unsafe', /outside/],
    ['a symlink without a target', new RawTar().symlink('a', '').end(), 'archive_invalid', /without a target/],
    ['an entry beneath a symlink', new RawTar().symlink('a', 'b').file('a/x', 'x').end(), 'archive_unsafe', /link/],
    ['a symlink above an entry', new RawTar().file('a/x', 'x').symlink('a', 'b').end(), 'archive_unsafe', /link/],
    ['an entry beneath a file', new RawTar().file('a', 'x').file('a/x', 'x').end(), 'archive_invalid', /both/],
    ['a folder that was a file', new RawTar().file('a', 'x').directory('a').end(), 'archive_invalid', /both/],
    ['a file that was a folder', new RawTar().directory('a').file('a', 'x').end(), 'archive_invalid', /both/],
    ['a hard link out', new RawTar().hardlink('a', '/etc/passwd').end(), 'archive_unsafe', /absolute/],
    ['a hard link to a later file', new RawTar().hardlink('a', 'b').file('b', 'x').end(), 'archive_unsafe', /earlier/],
    ['a hard link to a symlink', new RawTar().symlink('s', 'b').hardlink('a', 's').end(), 'archive_unsafe', /earlier/],
    ['a character device', new RawTar().entry('3', 'null').end(), 'archive_unsafe', /character-device/],
    ['a block device', new RawTar().entry('4', 'sda').end(), 'archive_unsafe', /block-device/],
    ['a fifo', new RawTar().entry('6', 'pipe').end(), 'archive_unsafe', /fifo/],
    ['a kind that it does not know', new RawTar().entry('S', 'sparse').end(), 'archive_invalid', /kind/],
    ['a sparse file', new RawTar().pax({ 'GNU.sparse.major': '1' }).file('a', 'x').end(), 'archive_invalid', /sparse/],
    ['a body without octets', Buffer.alloc(0), 'archive_invalid', /end/],
    ['text', Buffer.from('hello '.repeat(1000)), 'archive_invalid', /./],
    [
      'an archive cut within a file',
      new RawTar().file('a', 'x'.repeat(2000)).end().subarray(0, 1500),
      'archive_invalid',
      /cut off/,
    ],
    ['an archive cut between files', new RawTar().file('a', 'x').end().subarray(0, 1024), 'archive_invalid', /cut off/],
    [
      'something behind its end',
      Buffer.concat([new RawTar().end(), Buffer.from('garbage')]),
      'archive_invalid',
      /behind/,
    ],
    ['blocks behind its end', Buffer.concat([new RawTar().end(), Buffer.alloc(512, 'g')]), 'archive_invalid', /./],
  ])('%s', async (_what, archive, code, reason) => {
    await expect(read(archive)).rejects.toEqual(refusedWith(code, reason));
    await expect(read(gzipSync(archive), true)).rejects.toEqual(refusedWith(code, reason));
  });

  it.each([
    ['a tar said to be gzipped', new RawTar().file('a', 'x').end()],
    ['a gzip that is cut off', gzipSync(new RawTar().file('a', 'x').end()).subarray(0, -10)],
    ['something behind a gzip', Buffer.concat([gzipSync(new RawTar().end()), Buffer.from('garbage')])],
    ['something behind a gzip and a zero', Buffer.concat([gzipSync(new RawTar().end()), Buffer.from('\0garbage')])],
    ['a gzip of nothing', gzipSync('')],
  ])('%s', async (_what, archive) => {
    await expect(read(archive, true)).rejects.toEqual(refusedWith('archive_invalid'));
  });

  it('a file by the size that it claims', async () => {
    const tar = new RawTar().entry('0', 'huge', { size: 65 * 1024 * 1024 }).end();
    await expect(read(tar)).rejects.toEqual(refusedWith('archive_too_large', 'unpacked_bytes'));
  });

  it('hard links that multiply a file', async () => {
    const tar = new RawTar().file('a', 'x'.repeat(1024 * 1024));
    for (let index = 0; index < 64; index += 1) tar.hardlink(`b${index}`, 'a');
    await expect(read(tar.end())).rejects.toEqual(refusedWith('archive_too_large', 'unpacked_bytes'));
  });

  it('a zip bomb, without unpacking all of it', async () => {
    const bomb = gzipSync(Buffer.alloc(400 * 1024 * 1024), { level: 1 });
    const before = process.memoryUsage().rss;
    await expect(read(bomb, true)).rejects.toEqual(refusedWith('archive_too_large', 'unpacked_bytes'));
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  it('200,000 entries at the first too many, whatever is behind it', async () => {
    const one = new RawTar().file('a', '').body();
    const bomb = gzipSync(Buffer.alloc(one.length * 200_000, one), { level: 1 });
    // Read to its end, it would be invalid.
    await expect(read(bomb.subarray(0, -10), true)).rejects.toEqual(refusedWith('archive_too_large', 'entries'));
  });
});

const name = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc.constantFrom('a', 'b', 'n'.repeat(120), 'ü'.repeat(60)),
);
const segment = name
  .map((text) => text.replace(/[/\0\uFFFD]/g, '_'))
  .filter((text) => text !== '.' && text !== '..' && Buffer.from(text).toString() === text);
const leaf = fc.record({ executable: fc.boolean(), content: fc.uint8Array({ maxLength: 1500 }) });

/** A tree as it is collected: every folder before what is in it. */
const tree = fc.letrec<{ node: WorkspaceEntry[] }>((tie) => ({
  node: fc
    .uniqueArray(fc.tuple(segment, fc.oneof({ maxDepth: 3, depthIdentifier: 'tree' }, leaf, tie('node'))), {
      maxLength: 4,
      selector: ([key]) => key,
    })
    .map((children) => children.flatMap(([key, child]) => under(key, child))),
})).node;

function under(path: string, child: WorkspaceEntry[] | { executable: boolean; content: Uint8Array }): WorkspaceEntry[] {
  if (!Array.isArray(child)) {
    return [{ type: 'file', path, executable: child.executable, content: Buffer.from(child.content) }];
  }
  return [{ type: 'directory', path }, ...child.map((entry) => ({ ...entry, path: `${path}/${entry.path}` }))];
}

describe('writeArchive', () => {
  it('writes what readArchive reads, for any tree', async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.boolean(), async (entries, gzip) => {
        const tar = await writeArchive(entries);
        await expect(read(gzip ? gzipSync(tar) : tar, gzip)).resolves.toEqual(entries);
      }),
    );
  });

  it('writes links', async () => {
    const entries: WorkspaceEntry[] = [file('a'), { type: 'symlink', path: 'b', target: 'a' }];
    await expect(read(await writeArchive(entries))).resolves.toEqual(entries);
  });

  it('reads any cut-off or damaged archive as refused or as entries, and always answers', async () => {
    const tar = await writeArchive([file('a', 'x'.repeat(600)), file('b')]);
    const damage = fc.record({ at: fc.nat(tar.length - 1), octet: fc.nat(255), length: fc.nat(tar.length) });
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, octet, length }) => {
        const damaged = Buffer.from(tar);
        damaged[at] = octet;
        const result = await read(damaged.subarray(0, length)).catch((error: unknown) => error);
        expect(Array.isArray(result) ? { code: 'archive_invalid' } : result).toHaveProperty(
          'code',
          expect.stringMatching(/^archive_/),
        );
      }),
    );
  });
});
