/**
 * The one place where untrusted names and contents become a list of `WorkspaceEntry`, whether they come from an archive
 * or from JSON. It owns the rules between entries (duplicates, clashes, links) and the bounds on their number and size.
 * It knows no archive format and no file system.
 */
import { RunnerError } from '../errors.js';
import type { WorkspaceEntry } from './entry.js';
import { entryError, safeLinkTarget, safePath } from './safe-path.js';

export interface WorkspaceBounds {
  /** Bytes of all file contents together; copies made by hard links count. */
  readonly unpackedBytes: number;
  /** Things in the input, and things in the resulting tree, folders that are only implied included. */
  readonly entries: number;
  /** Segments of a path. */
  readonly depth: number;
}

export class EntryCollector {
  readonly #bounds: WorkspaceBounds;
  readonly #tree = new Map<string, WorkspaceEntry>();
  #seen = 0;
  #bytes = 0;

  constructor(bounds: WorkspaceBounds) {
    this.#bounds = bounds;
  }

  /** What was collected: every path once, every folder before what is in it. */
  entries(): WorkspaceEntry[] {
    return [...this.#tree.values()];
  }

  /** Counts `bytes` of content before they are read, so that a bomb is refused by what it claims. */
  reserve(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#bounds.unpackedBytes) {
      throw tooLarge(`The files are larger than ${this.#bounds.unpackedBytes} bytes when unpacked.`, {
        reason: 'unpacked_bytes',
        max: this.#bounds.unpackedBytes,
      });
    }
  }

  /** Counts one thing of the input and gives its normalised path, `''` for the workspace itself. */
  admit(rawPath: string): string {
    this.#seen += 1;
    this.#checkCount(this.#seen);
    return safePath(rawPath, this.#bounds.depth);
  }

  /** Adds a file whose content was reserved. A later file or link at the same path replaces it, as in tar. */
  addFile(path: string, executable: boolean, content: Buffer): void {
    this.#place({ type: 'file', path: named(path, 'file'), executable, content });
  }

  addDirectory(path: string): void {
    if (path !== '') this.#place({ type: 'directory', path });
  }

  addSymlink(path: string, target: string): void {
    named(path, 'link');
    this.#place({ type: 'symlink', path, target: safeLinkTarget(path, target) });
  }

  /** A hard link becomes a copy of the file that came before it under the name `rawTarget`. */
  addHardlink(path: string, rawTarget: string): void {
    const original = this.#tree.get(safePath(rawTarget, this.#bounds.depth));
    if (original?.type !== 'file') {
      throw entryError('archive_unsafe', path, 'it is a hard link to something that is not an earlier file of it');
    }
    this.reserve(original.content.length);
    this.addFile(path, original.executable, original.content);
  }

  #place(entry: WorkspaceEntry): void {
    this.#placeParents(entry.path);
    const before = this.#tree.get(entry.path);
    if (before !== undefined && (before.type === 'directory') !== (entry.type === 'directory')) {
      throw clash(entry.path, before.type === 'symlink' || entry.type === 'symlink');
    }
    this.#tree.set(entry.path, entry);
    this.#checkCount(this.#tree.size);
  }

  #placeParents(path: string): void {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash);
      const before = this.#tree.get(parent);
      if (before === undefined) this.#tree.set(parent, { type: 'directory', path: parent });
      else if (before.type !== 'directory') throw clash(path, before.type === 'symlink');
    }
  }

  #checkCount(count: number): void {
    if (count <= this.#bounds.entries) return;
    throw tooLarge(`There are more than ${this.#bounds.entries} entries.`, {
      reason: 'entries',
      max: this.#bounds.entries,
    });
  }
}

function named(path: string, kind: string): string {
  if (path === '') throw entryError('archive_invalid', '.', `the workspace itself cannot be a ${kind}`);
  return path;
}

function clash(path: string, throughLink: boolean): RunnerError {
  return throughLink
    ? entryError('archive_unsafe', path, 'it or a folder above it is a link as well')
    : entryError('archive_invalid', path, 'it or a folder above it is both a file and a folder');
}

function tooLarge(message: string, context: { reason: string; max: number }): RunnerError {
  return new RunnerError('archive_too_large', message, { context });
}
