import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defaultBounds, packFolder } from '../../../../client/command-line/pack-folder.js';
import { readArchive } from '../../../../src/workspace/archive.js';
import type { WorkspaceEntry } from '../../../../src/workspace/entry.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pack-folder-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function put(name: string, content = name): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** What a runner with the default bounds makes of it. */
async function received(paths: readonly string[], bounds = defaultBounds): Promise<WorkspaceEntry[]> {
  const archive = await packFolder(paths, bounds);
  if (archive === null) return [];
  const runnerBounds = { unpackedBytes: 64 * 1024 * 1024, entries: 10_000, depth: 32 };
  return readArchive(archive, { gzip: true, bounds: runnerBounds, signal: new AbortController().signal });
}

/** Nothing is closed to root. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) {
    await work();
    return;
  }
  process.seteuid?.(65534);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}

async function names(paths: readonly string[]): Promise<string[]> {
  return (await received(paths)).map(({ path }) => path);
}

describe('packFolder', () => {
  it('names a folder that cannot be read', async () => {
    await put('closed/a.py');
    await chmod(folder, 0o755);
    await chmod(join(folder, 'closed'), 0);
    await asNobody(async () => {
      await expect(packFolder([folder])).rejects.toThrow(`${join(folder, 'closed')} cannot be read (EACCES).`);
    });
    await chmod(join(folder, 'closed'), 0o755);
  });

  it('packs nothing where there are no paths', async () => {
    await expect(packFolder([])).resolves.toBeNull();
  });

  it("puts a folder's content at the top, executable files as such", async () => {
    await put('pkg/ä.py', 'x = 1\n');
    await chmod(await put('run.sh'), 0o755);
    await expect(received([folder])).resolves.toEqual([
      { type: 'directory', path: 'pkg' },
      { type: 'file', path: 'pkg/ä.py', executable: false, content: Buffer.from('x = 1\n') },
      { type: 'file', path: 'run.sh', executable: true, content: Buffer.from('run.sh') },
    ]);
  });

  it('leaves out what nobody wants in a REPL', async () => {
    for (const name of ['.git/config', 'node_modules/a.js', 'pkg/__pycache__/a.pyc', '.venv/bin/python'])
      await put(name);
    await put('pkg/a.py');
    await put('.hidden');
    await expect(names([folder])).resolves.toEqual(['.hidden', 'pkg', 'pkg/a.py']);
  });

  it('merges folders and takes files by their own names', async () => {
    await put('one/pkg/a.py');
    await put('two/pkg/b.py');
    const file = await put('three/c.py');
    const paths = [join(folder, 'one'), join(folder, 'two'), file];
    await expect(names(paths)).resolves.toEqual(['pkg', 'pkg/a.py', 'pkg/b.py', 'c.py']);
  });

  it('refuses two files of one name', async () => {
    const paths = [await put('one/a.py'), await put('two/a.py')];
    await expect(packFolder(paths)).rejects.toThrow('would have the same name in the workspace, a.py');
  });

  it('keeps links inside the workspace and refuses links out of it', async () => {
    await put('pkg/a.py');
    await symlink('../pkg/a.py', join(folder, 'pkg/b.py'));
    await expect(received([folder])).resolves.toContainEqual({
      type: 'symlink',
      path: 'pkg/b.py',
      target: '../pkg/a.py',
    });
    for (const target of ['/etc/passwd', '../../etc/passwd', 'x/../../y']) {
      const link = join(folder, 'pkg/out');
      await symlink(target, link);
      await expect(packFolder([folder])).rejects.toThrow(`links to ${target}, out of the workspace`);
      await rm(link);
    }
  });

  it('refuses what goes beyond a bound, and says which', async () => {
    await put('pkg/a.py', 'x'.repeat(1024));
    await expect(packFolder([folder], { ...defaultBounds, bytes: 1023 })).rejects.toThrow('are larger than');
    await expect(packFolder([folder], { ...defaultBounds, entries: 1 })).rejects.toThrow('are more than 1');
    await expect(packFolder([folder], { ...defaultBounds, depth: 1 })).rejects.toThrow('lies deeper than 1');
    await expect(packFolder([folder], { ...defaultBounds, packedBytes: 10 })).rejects.toThrow('when compressed');
  });

  it('says which path does not exist, as wrong use', async () => {
    await expect(packFolder([join(folder, 'nowhere')])).rejects.toMatchObject({ exitCode: 2 });
  });
});
