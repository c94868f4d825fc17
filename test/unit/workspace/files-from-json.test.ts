import { describe, expect, it } from '@jest/globals';
import { entriesFromJson } from '../../../src/workspace/files-from-json.js';

const bounds = { unpackedBytes: 100, entries: 5, depth: 4 };

describe('entriesFromJson', () => {
  it('takes text and base64, and puts folders before what is in them', () => {
    const files = { 'pkg/hiker.py': 'ü', 'run.sh': { base64: '/wA=', executable: true } };
    expect(entriesFromJson(files, bounds)).toEqual([
      { type: 'directory', path: 'pkg' },
      { type: 'file', path: 'pkg/hiker.py', executable: false, content: Buffer.from('ü') },
      { type: 'file', path: 'run.sh', executable: true, content: Buffer.from([255, 0]) },
    ]);
  });

  it.each([
    ['an absolute path', { '/etc/passwd': '' }, 'archive_unsafe'],
    ['a path upwards', { '../x': '' }, 'archive_unsafe'],
    ['what is not base64', { x: { base64: 'not base64!' } }, 'archive_invalid'],
    ['the workspace itself', { '.': '' }, 'archive_invalid'],
    ['a file that is also a folder', { a: '', 'a/b': '' }, 'archive_invalid'],
    ['a folder that is also a file', { 'a/b': '', a: '' }, 'archive_invalid'],
    [
      'too many files',
      Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, ''])),
      'archive_too_large',
    ],
    ['too many implied folders', { 'a/b/c': '', 'd/e/f': '' }, 'archive_too_large'],
    ['too many bytes', { x: 'x'.repeat(101) }, 'archive_too_large'],
    ['too deep a path', { 'a/b/c/d/e': '' }, 'archive_too_large'],
  ])('refuses %s', (_what, files, code) => {
    expect(() => entriesFromJson(files, bounds)).toThrow(expect.objectContaining({ code }));
  });

  it('takes a name that an object has by itself', () => {
    const files = JSON.parse('{"__proto__": "x", "constructor": "y"}') as Record<string, string>;
    expect(entriesFromJson(files, bounds).map((entry) => entry.path)).toEqual(['__proto__', 'constructor']);
  });
});
