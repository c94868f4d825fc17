/**
 * What a name from a user may be: a relative path that stays in the workspace. Pure; it touches no file system and no
 * archive. The two checks together guarantee that no chain of links leaves the workspace: a link's own folders are real
 * folders (`EntryCollector`), and `..` stands only at the start of a link's target, where it is exact.
 */
import { RunnerError } from '../errors.js';

/** Linux's own bound for one name (NAME_MAX), in bytes. */
const maxNameBytes = 255;
/** A quarter of Linux's PATH_MAX, in bytes: leaves room for the folder in front and for the user's own use. */
const maxPathBytes = 1024;

/** How much of a hostile name an error repeats, in characters. */
const shownCharacters = 120;

/** The name as an error may show it: bounded, with control characters made visible. */
export function shownName(name: string): string {
  const short = name.length > shownCharacters ? `${name.slice(0, shownCharacters)}…` : name;
  return short.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** An `archive_unsafe` or `archive_invalid` error about one entry. */
export function entryError(code: 'archive_unsafe' | 'archive_invalid', entry: string, reason: string): RunnerError {
  const shown = shownName(entry);
  return new RunnerError(code, `The entry "${shown}" is refused: ${reason}.`, { context: { entry: shown, reason } });
}

/**
 * The normalised form of a path in the workspace: no `./`, no `//`, no slash at the end. The workspace itself is `''`.
 * Throws archive_unsafe for what would leave the workspace, archive_invalid for what no file system would take, and
 * archive_too_large for more than `maxDepth` segments.
 */
export function safePath(raw: string, maxDepth: number): string {
  if (raw === '') throw entryError('archive_invalid', raw, 'its name is empty');
  if (raw.startsWith('/')) throw entryError('archive_unsafe', raw, 'its path is absolute');
  checkText(raw, raw);
  const segments = raw.split('/').filter((segment) => segment !== '' && segment !== '.');
  for (const segment of segments) {
    if (segment === '..') throw entryError('archive_unsafe', raw, 'its path has ".."');
    if (Buffer.byteLength(segment) > maxNameBytes) {
      throw entryError('archive_invalid', raw, `a name in it is longer than ${maxNameBytes} bytes`);
    }
  }
  if (segments.length > maxDepth) {
    const shown = shownName(raw);
    throw new RunnerError('archive_too_large', `The entry "${shown}" lies deeper than ${maxDepth} folders.`, {
      context: { entry: shown, reason: 'depth', max: maxDepth },
    });
  }
  return segments.join('/');
}

/**
 * Checks the target of a symbolic link at the normalised path `link` and gives it back as it is.
 * Throws archive_unsafe when following it could leave the workspace.
 */
export function safeLinkTarget(link: string, target: string): string {
  if (target === '') throw entryError('archive_invalid', link, 'it is a link without a target');
  if (target.startsWith('/')) throw entryError('archive_unsafe', link, 'it links to an absolute path');
  checkText(link, target);
  const segments = target.split('/').filter((segment) => segment !== '' && segment !== '.');
  const firstName = segments.findIndex((segment) => segment !== '..');
  const ups = firstName === -1 ? segments.length : firstName;
  if (segments.includes('..', ups)) {
    throw entryError('archive_unsafe', link, 'its target has ".." after a name');
  }
  if (ups > link.split('/').length - 1) {
    throw entryError('archive_unsafe', link, 'it links to a place outside the workspace');
  }
  if (segments.some((segment) => Buffer.byteLength(segment) > maxNameBytes)) {
    throw entryError('archive_invalid', link, `a name in its target is longer than ${maxNameBytes} bytes`);
  }
  return target;
}

function checkText(entry: string, text: string): void {
  if (text.includes('\0')) throw entryError('archive_unsafe', entry, 'it has a NUL');
  if (Buffer.byteLength(text) > maxPathBytes) {
    throw entryError('archive_invalid', entry, `its path is longer than ${maxPathBytes} bytes`);
  }
  if (Buffer.from(text).toString() !== text) throw entryError('archive_invalid', entry, 'its name is not UTF-8');
}
