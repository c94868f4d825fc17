/** Uploads: tars and gzipped tars. What is taken lies in the workspace, folder by folder, and can be written and read again. */
import { gzipSync } from 'node:zlib';
import { RunnerError } from '../../../src/errors.js';
import { readArchive, writeArchive } from '../../../src/workspace/archive.js';
import type { WorkspaceEntry } from '../../../src/workspace/entry.js';
import { RawTar } from '../../support/raw-tar.js';
import { storedZip } from '../../support/stored-zip.js';
import type { Random } from '../../support/random.js';
import { must, type OpenTarget } from '../fuzz-target.js';
import { mutatedBytes } from '../mutate-bytes.js';
import { mutatedText } from '../mutate-text.js';

const bounds = { unpackedBytes: 256 * 1024, entries: 50, depth: 8 };
const names = ['a', 'a/b.py', 'd/e/f', './x', 'наука.py', 'long/'.repeat(7) + 'name', '.repl_runner-1', 'a\\b'];
const codes = ['archive_invalid', 'archive_unsafe', 'archive_too_large'];

const tars = [
  new RawTar().file('hiker.py', 'answer = 42\n').end(),
  new RawTar().directory('a').file('a/b', 'x'.repeat(600)).symlink('a/c', '../hiker.py').hardlink('d', 'a/b').end(),
  new RawTar()
    .pax({ path: `${'n'.repeat(120)}/é` })
    .file('short', '1')
    .end(),
  new RawTar().pax({ linkpath: 'a', 'GNU.sparse.major': '1' }).symlink('l', 'b').end(),
  new RawTar().file('a', '').directory('b').end(),
];
const corpus = [...tars, ...tars.map((tar) => gzipSync(tar)), storedZip({ 'a.py': 'x = 1\n' })];

export function openArchives(): Promise<OpenTarget> {
  return Promise.resolve({
    play: async (random: Random) => {
      const archive = made(random);
      const gzip = archive[0] === 0x1f;
      const entries = await read(archive, gzip);
      if (entries === null) return;
      mustBeSafe(entries);
      // A pax header, which such a name needs, is refused with U+FFFD in it: there it may stand for what was not UTF-8.
      if (entries.some((entry) => JSON.stringify(entry).includes('\ufffd'))) return;
      const again = await read(await writeArchive(entries), false);
      must(
        JSON.stringify(again) === JSON.stringify(entries),
        () => `${JSON.stringify(entries)} is not what is written`,
      );
    },
  });
}

/** Half of them are tars whose checksums are right and whose names are not. */
function made(random: Random): Buffer {
  if (random.percent(50)) return mutatedBytes(random, corpus);
  const tar = new RawTar();
  for (let count = 1 + random.below(4); count > 0; count -= 1) {
    const name = random.percent(50) ? random.pick(names) : mutatedText(random, names);
    const target = random.percent(50) ? random.pick(names) : mutatedText(random, [...names, '../..', '/etc/passwd']);
    const kind = random.pick(['file', 'file', 'symlink', 'hardlink', 'directory', 'pax', 'other'] as const);
    if (kind === 'file') tar.file(name, 'x'.repeat(random.below(700)), random.percent(5) ? { size: 2 ** 32 } : {});
    else if (kind === 'directory') tar.directory(name);
    else if (kind === 'pax') tar.pax({ [random.pick(['path', 'linkpath', 'size', 'GNU.sparse.name'])]: target });
    else if (kind === 'other')
      tar.entry(random.pick(Array.from('0123456789xgLKSVDMN')), name, { linkname: target.slice(0, 90) });
    else tar[kind](name, target.slice(0, 90));
  }
  const bytes = random.percent(90) ? tar.end() : tar.body();
  return random.percent(30) ? gzipSync(bytes) : bytes;
}

async function read(archive: Buffer, gzip: boolean): Promise<WorkspaceEntry[] | null> {
  try {
    return await readArchive(archive, { gzip, bounds, signal: new AbortController().signal });
  } catch (error) {
    if (error instanceof RunnerError && codes.includes(error.code)) return null;
    throw error;
  }
}

function mustBeSafe(entries: readonly WorkspaceEntry[]): void {
  const seen = new Map<string, string>();
  let bytes = 0;
  for (const entry of entries) {
    const { path, type } = entry;
    const parts = path.split('/');
    must(path !== '' && !path.startsWith('/') && !path.includes('\0'), () => `the path ${JSON.stringify(path)}`);
    must(!parts.some((part) => ['', '.', '..'].includes(part)), () => `the path ${JSON.stringify(path)}`);
    must(parts.length <= bounds.depth && !seen.has(path), () => `the path ${JSON.stringify(path)}`);
    const parent = parts.slice(0, -1).join('/');
    must(parent === '' || seen.get(parent) === 'directory', () => `${JSON.stringify(path)} lies in no folder`);
    if (entry.type === 'symlink') mustStay(parts, entry.target);
    if (entry.type === 'file') bytes += entry.content.length;
    seen.set(path, type);
  }
  must(
    entries.length <= bounds.entries && bytes <= bounds.unpackedBytes,
    () => `${entries.length} entries of ${bytes} bytes`,
  );
}

function mustStay(parts: readonly string[], target: string): void {
  let depth = parts.length - 1;
  for (const part of target.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    must(depth >= 0 && !target.startsWith('/'), () => `${parts.join('/')} links to ${JSON.stringify(target)}`);
  }
}
