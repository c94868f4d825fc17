import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { crc32 } from '../../../examples/web/page/crc32.js';
import { faultOfName } from '../../../examples/web/page/file-name.js';
import { Project } from '../../../examples/web/page/project.js';
import { runCode, workspacePath } from '../../../examples/web/page/run-code.js';
import { watchedId, watchLink } from '../../../examples/web/page/watch-link.js';
import { zip } from '../../../examples/web/page/zip.js';

class Memory {
  readonly #items = new Map<string, string>();
  full = false;
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    if (this.full) throw new Error('QuotaExceededError');
    this.#items.set(key, value);
  }
}

describe('Project', () => {
  it('keeps files from one visit to the next', () => {
    const memory = new Memory();
    const first = new Project(memory);
    expect(first.write('a.py', 'x = 1\n')).toBe(true);
    expect(first.rename('a.py', 'b.py')).toBe(true);
    const next = new Project(memory);
    expect(next.textOf('b.py')).toBe('x = 1\n');
    expect(next.names).not.toContain('a.py');
  });

  it('says when there is no room, and goes on', () => {
    const memory = new Memory();
    const project = new Project(memory);
    memory.full = true;
    expect(project.write('a.py', 'x')).toBe(false);
    expect(project.files).toMatchObject({ 'a.py': 'x' });
  });

  it.each(['{', '[]', '{}', '7', '{"a.py": 7}'])('begins anew where %p was kept', (text) => {
    const memory = new Memory();
    memory.setItem('repl_runner.files', text);
    expect(new Project(memory).names).toContain('hiker.py');
  });
});

describe('faultOfName', () => {
  it.each(['a.py', 'pkg/b.py', 'ä ö.txt'])('takes %s', (name) => {
    expect(faultOfName(name, ['c.py'])).toBeNull();
  });

  it.each(['', '/a.py', '../a.py', 'a//b.py', 'a\\b.py', 'c.py', 'c.py/d.py', 'x'.repeat(201)])(
    'refuses %p',
    (name) => {
      expect(faultOfName(name, ['c.py'])).not.toBeNull();
    },
  );
});

describe('zip', () => {
  it('has the checksums of its kind', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });

  it('is unpacked by others', () => {
    const folder = mkdtempSync(join(tmpdir(), 'zip-'));
    try {
      writeFileSync(join(folder, 'a.zip'), zip({ 'hiker.py': 'answer = 42\n', 'pkg/ä.py': 'ö\n', 'empty.txt': '' }));
      const program = `import zipfile, json; z = zipfile.ZipFile("a.zip"); assert z.testzip() is None
print(json.dumps({n: z.read(n).decode() for n in z.namelist()}))`;
      const read: unknown = JSON.parse(execFileSync('python3', ['-c', program], { cwd: folder, encoding: 'utf8' }));
      expect(read).toEqual({ 'hiker.py': 'answer = 42\n', 'pkg/ä.py': 'ö\n', 'empty.txt': '' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('runCode', () => {
  it.each([
    ['x = 1\n', 0, ''],
    ['raise SystemExit(3)\n', 0, ''],
    ['def f(:\n', 0, 'SyntaxError'],
    ['1/0\n', 0, 'ZeroDivisionError'],
  ])('runs %p, ends with %d and says %p', (text, status, said) => {
    // The workspace's place is that of a sandbox; here it is replaced by a folder of this test.
    const folder = mkdtempSync(join(tmpdir(), 'run-'));
    try {
      writeFileSync(join(folder, 'a.py'), text);
      const code = `${runCode('a.py').replaceAll('/sandbox/', `${folder}/`)}print("after")\n`;
      const output = execFileSync('/bin/sh', ['-c', 'python3 - 2>&1', 'sh'], { input: code, encoding: 'utf8' });
      expect({ status, output }).toEqual({ status, output: expect.stringContaining('after') as unknown });
      expect(output).toContain(said);
      expect(output).not.toContain('<stdin>');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('workspacePath', () => {
  it('is what a traceback names, in the workspace', () => {
    expect(workspacePath('/sandbox/pkg/a.py')).toBe('pkg/a.py');
    expect(workspacePath('a.py')).toBe('a.py');
    expect(workspacePath('/usr/lib/python3/random.py')).toBeNull();
  });
});

describe('a link for watching', () => {
  it('leads back to its id', () => {
    const link = watchLink('http://host/app/?x=1#old', 'r-1.0f');
    expect(link).toBe('http://host/app/?x=1#watch=r-1.0f');
    expect(watchedId(new URL(link).hash)).toBe('r-1.0f');
    expect(watchedId('#watch=../x')).toBeNull();
  });
});
