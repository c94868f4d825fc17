import { posix } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RunnerError } from '../../../src/errors.js';
import { safeLinkTarget, safePath, shownName } from '../../../src/workspace/safe-path.js';

const depth = 32;

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof RunnerError ? error.code : 'not a RunnerError';
  }
  return 'passed';
}

/** Names made of what path traversal is made of. */
const hostileName = fc
  .array(fc.constantFrom('..', '.', '', 'a', '/', '\0', '...', 'b c', '..\u0000', 'ü'), { maxLength: 12 })
  .map((parts) => parts.join('/'));

describe('safePath', () => {
  it.each([
    ['hiker.py', 'hiker.py'],
    ['./hiker.py', 'hiker.py'],
    ['a//b/./c/', 'a/b/c'],
    ['./', ''],
    ['.', ''],
    ['..a/b..', '..a/b..'],
    ['with space/ü', 'with space/ü'],
    ['back\\slash', 'back\\slash'],
    ['n'.repeat(255), 'n'.repeat(255)],
  ])('normalises %j', (raw, path) => {
    expect(safePath(raw, depth)).toBe(path);
  });

  it.each([
    ['/etc/passwd', 'archive_unsafe'],
    ['..', 'archive_unsafe'],
    ['a/../../b', 'archive_unsafe'],
    ['a/..', 'archive_unsafe'],
    ['a\0b', 'archive_unsafe'],
    ['', 'archive_invalid'],
    ['n'.repeat(256), 'archive_invalid'],
    ['ü'.repeat(128), 'archive_invalid'],
    ['lone \ud800 surrogate', 'archive_invalid'],
    [`${'d'.repeat(200)}/`.repeat(6), 'archive_invalid'],
    ['d/'.repeat(33), 'archive_too_large'],
  ])('refuses %j', (raw, code) => {
    expect(codeOf(() => safePath(raw, depth))).toBe(code);
  });

  it('never gives a path that leaves the workspace', () => {
    fc.assert(
      fc.property(fc.oneof(hostileName, fc.string({ unit: 'binary', maxLength: 40 })), (raw) => {
        let path: string;
        try {
          path = safePath(raw, depth);
        } catch (error) {
          return error instanceof RunnerError;
        }
        const resolved = posix.resolve('/workspace', path);
        return !path.includes('\0') && (resolved === '/workspace' || resolved === `/workspace/${path}`);
      }),
    );
  });
});

describe('safeLinkTarget', () => {
  it.each([
    ['link', 'file'],
    ['a/link', '../file'],
    ['a/b/link', '../../x/y'],
    ['a/link', '..'],
    ['link', '.'],
  ])('accepts %j -> %j', (link, target) => {
    expect(safeLinkTarget(link, target)).toBe(target);
  });

  it.each([
    ['link', '/etc/passwd'],
    ['link', '..'],
    ['a/link', '../../x'],
    ['d/e/link', '../a/../x'],
    ['link', 'a\0b'],
  ])('refuses %j -> %j as unsafe', (link, target) => {
    expect(codeOf(() => safeLinkTarget(link, target))).toBe('archive_unsafe');
  });

  it('refuses an empty target and an overlong one as invalid', () => {
    expect(codeOf(() => safeLinkTarget('link', ''))).toBe('archive_invalid');
    expect(codeOf(() => safeLinkTarget('link', 'n'.repeat(256)))).toBe('archive_invalid');
  });

  it('never accepts a target that leaves the workspace', () => {
    const link = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 })
      .map((names) => names.join('/'));
    fc.assert(
      fc.property(link, hostileName, (path, target) => {
        if (codeOf(() => safeLinkTarget(path, target)) !== 'passed') return true;
        return posix.resolve('/workspace', posix.dirname(path), target).startsWith('/workspace');
      }),
    );
  });
});

describe('shownName', () => {
  it('is short and shows control characters', () => {
    expect(shownName('a\u001b[2Jb')).toBe('a\\x1b[2Jb');
    expect(shownName('n'.repeat(5000))).toHaveLength(121);
  });
});
