/** A workspace of files and folders in memory: the HTTP layer's other implementation, and the model of the real one. */
import { RunnerError, type ErrorCode } from '../../src/errors.js';
import type { WorkspaceHandle } from '../../src/http/session-set.js';
import { readArchive, writeArchive } from '../../src/workspace/archive.js';
import type { WorkspaceEntry } from '../../src/workspace/entry.js';
import type { ListedEntry, Listing } from '../../src/workspace/listing.js';
import type { PackedWorkspace, WorkspaceFile } from '../../src/workspace/workspace.js';

type Node = { readonly type: 'directory' } | { readonly type: 'file'; content: Buffer; executable: boolean };

const folder: Node = { type: 'directory' };
const bounds = { unpackedBytes: 2 ** 26, entries: 10_000, depth: 64 };

function refusal(code: ErrorCode, path: string): RunnerError {
  return new RunnerError(code, `"${path}" is refused.`, { context: { path } });
}

export class MemoryWorkspace implements WorkspaceHandle {
  readonly nodes = new Map<string, Node>();
  /** How often something was asked of it. */
  uses = 0;

  async list(path: string, options: { recursive: boolean; maxEntries: number }): Promise<Listing> {
    this.uses += 1;
    await Promise.resolve();
    if (path !== '' && this.#at(path).type !== 'directory') throw refusal('file_kind', path);
    const below = [...this.nodes].filter(([name]) => isBelow(name, path, options.recursive)).map(shown);
    below.sort((a, b) => (a.path < b.path ? -1 : 1));
    return { entries: below.slice(0, options.maxEntries), truncated: below.length > options.maxEntries };
  }

  async read(path: string): Promise<WorkspaceFile> {
    this.uses += 1;
    await Promise.resolve();
    const node = this.#at(path);
    if (node.type === 'directory') throw refusal('file_kind', path);
    const { content, executable } = node;
    return {
      size: content.length,
      executable,
      modifiedAt: new Date(0),
      content: once(content),
      cancel: () => undefined,
    };
  }

  async write(path: string, content: Buffer | AsyncIterable<Buffer>, executable: boolean | null) {
    this.uses += 1;
    const pieces: Buffer[] = [];
    for await (const piece of Buffer.isBuffer(content) ? [content] : content) pieces.push(piece);
    this.#makeParents(path);
    const before = this.nodes.get(path);
    if (before?.type === 'directory') throw refusal('file_kind', path);
    this.nodes.set(path, {
      type: 'file',
      content: Buffer.concat(pieces),
      executable: executable ?? before?.executable ?? false,
    });
    return { created: before === undefined };
  }

  async rename(path: string, to: string, { overwrite }: { overwrite: boolean }): Promise<void> {
    this.uses += 1;
    await Promise.resolve();
    const node = this.#at(path);
    if (isBelow(to, path, true)) {
      // Its folders are made first, and one that would lie in a file cannot be.
      if (node.type === 'file') throw refusal('file_kind', path);
      this.#makeParents(to);
      throw refusal('path_invalid', path);
    }
    this.#makeParents(to);
    this.#makeRoom(node, to, overwrite, path === to);
    if (path === to) return;
    const moved = [...this.nodes].filter(([name]) => name === path || isBelow(name, path, true));
    for (const [name] of moved) this.nodes.delete(name);
    for (const [name, inner] of moved) this.nodes.set(to + name.slice(path.length), inner);
  }

  async remove(path: string): Promise<void> {
    this.uses += 1;
    await Promise.resolve();
    if (path !== '') this.#at(path);
    for (const name of this.nodes.keys()) if (name === path || isBelow(name, path, true)) this.nodes.delete(name);
  }

  pack(): PackedWorkspace {
    this.uses += 1;
    const entries = [...this.nodes].map(([path, node]): WorkspaceEntry => ({ ...node, path }));
    const files = entries.filter((entry) => entry.type === 'file');
    const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
    const content = (async function* () {
      yield await writeArchive(entries);
    })();
    return { content, report: Promise.resolve({ files: files.length, bytes, leftOut: [], leftOutCount: 0 }) };
  }

  async unpack(files: Buffer, { replace }: { replace: boolean }): Promise<{ files: number; bytes: number }> {
    this.uses += 1;
    if (replace) this.nodes.clear();
    const entries = await readArchive(files, { gzip: false, bounds, signal: new AbortController().signal });
    let [count, bytes] = [0, 0];
    for (const entry of entries) {
      if (entry.type === 'symlink') throw new Error('the model knows no links');
      if (entry.type === 'directory') this.nodes.set(entry.path, folder);
      else {
        this.nodes.set(entry.path, { type: 'file', content: entry.content, executable: entry.executable });
        count += 1;
        bytes += entry.content.length;
      }
    }
    return { files: count, bytes };
  }

  #at(path: string): Node {
    this.#checkParents(path);
    const node = this.nodes.get(path);
    if (node === undefined) throw refusal('file_unknown', path);
    return node;
  }

  #checkParents(path: string): void {
    for (const parent of parentsOf(path)) {
      const node = this.nodes.get(parent);
      if (node === undefined) throw refusal('file_unknown', path);
      if (node.type === 'file') throw refusal('file_kind', path);
    }
  }

  #makeParents(path: string): void {
    for (const parent of parentsOf(path)) {
      if (this.nodes.get(parent)?.type === 'file') throw refusal('file_kind', path);
      this.nodes.set(parent, folder);
    }
  }

  /** What rename(2) takes the place of: a file that of a file, a folder that of an empty one. */
  #makeRoom(node: Node, to: string, overwrite: boolean, same: boolean): void {
    const there = this.nodes.get(to);
    if (there === undefined) return;
    if (!overwrite) throw refusal('file_exists', to);
    if (same) return;
    if (there.type !== node.type) throw refusal('file_kind', to);
    const isFull = [...this.nodes.keys()].some((name) => isBelow(name, to, true));
    if (isFull) throw refusal('file_exists', to);
  }
}

function parentsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

function isBelow(name: string, path: string, recursive: boolean): boolean {
  if (path !== '' && !name.startsWith(`${path}/`)) return false;
  const rest = path === '' ? name : name.slice(path.length + 1);
  return rest !== '' && (recursive || !rest.includes('/'));
}

function shown([path, node]: [string, Node]): ListedEntry {
  const file = node.type === 'file' ? node : null;
  return {
    path,
    type: node.type,
    size: file?.content.length ?? 0,
    executable: file?.executable ?? false,
    modifiedAt: new Date(0),
    target: null,
  };
}

async function* once(content: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve();
  if (content.length > 0) yield content;
}
