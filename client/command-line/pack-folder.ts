/**
 * The user's files as a gzipped tar. It leaves out what nobody wants in a REPL and refuses, before anything is sent and
 * naming the file, what the runner would refuse by its default bounds. The runner still checks everything itself.
 */
import { constants, type Stats } from 'node:fs';
import { lstat, readFile, readdir, readlink, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { pack as tarPack, type Pack } from 'tar-stream';
import { ClientError, misused, systemCode } from './client-error.js';

export const leftOut: ReadonlySet<string> = new Set(['.git', 'node_modules', '__pycache__', '.venv']);

export interface PackBounds {
  /** All contents together. */
  readonly bytes: number;
  readonly entries: number;
  readonly depth: number;
  /** The gzipped archive, which is the body of the request. */
  readonly packedBytes: number;
}

const mib = 1024 * 1024;
/** The runner's defaults (docs/configuration.md); the body keeps some room for the rest of the request. */
export const defaultBounds: PackBounds = { bytes: 64 * mib, entries: 10_000, depth: 32, packedBytes: 15.5 * mib };

/** Folders give their content, files themselves. Null where there are no paths. */
export async function packFolder(paths: readonly string[], bounds = defaultBounds): Promise<Buffer | null> {
  if (paths.length === 0) return null;
  const packing = new Packing(bounds);
  for (const path of paths) await packing.add(path);
  const packed = await promisify(gzip)(await packing.finish());
  if (packed.length > bounds.packedBytes) {
    throw tooMuch(`are larger than ${size(bounds.packedBytes)} when compressed`);
  }
  return packed;
}

class Packing {
  readonly #bounds: PackBounds;
  readonly #pack: Pack = tarPack();
  readonly #chunks: Buffer[] = [];
  /** Name in the workspace → where it came from. */
  readonly #origins = new Map<string, string>();
  readonly #folders = new Set<string>();
  #bytes = 0;

  constructor(bounds: PackBounds) {
    this.#bounds = bounds;
    this.#pack.on('data', (chunk: unknown) => {
      if (Buffer.isBuffer(chunk)) this.#chunks.push(chunk);
    });
  }

  async add(path: string): Promise<void> {
    const status = await statusOf(path);
    if (status.isDirectory()) await this.#addContent(path, '');
    else await this.#addEntry(path, basename(resolve(path)), status);
  }

  async finish(): Promise<Buffer> {
    const ended = new Promise<void>((done, failed) => this.#pack.once('end', done).once('error', failed));
    this.#pack.finalize();
    await ended;
    return Buffer.concat(this.#chunks);
  }

  async #addContent(folder: string, name: string): Promise<void> {
    const children = await readdir(folder).catch(unreadable(folder));
    for (const child of children.sort()) {
      if (leftOut.has(child)) continue;
      const path = join(folder, child);
      await this.#addEntry(path, name === '' ? child : `${name}/${child}`, await lstat(path));
    }
  }

  async #addEntry(path: string, name: string, status: Stats): Promise<void> {
    this.#admit(path, name, status.isDirectory());
    if (status.isDirectory()) {
      this.#pack.entry({ name, type: 'directory', mode: 0o755, mtime: status.mtime });
      await this.#addContent(path, name);
    } else if (status.isFile()) {
      await this.#addFile(path, name, status);
    } else if (status.isSymbolicLink()) {
      this.#pack.entry({ name, type: 'symlink', linkname: await linkTarget(path, name), mtime: status.mtime });
    } else {
      throw new ClientError(`${path} is neither a file, a folder nor a link. Leave it out.`);
    }
  }

  async #addFile(path: string, name: string, status: Stats): Promise<void> {
    this.#reserve(status.size);
    const content = await readFile(path).catch(unreadable(path));
    this.#reserve(content.length - status.size);
    const mode = (status.mode & constants.S_IXUSR) === 0 ? 0o644 : 0o755;
    this.#pack.entry({ name, type: 'file', mode, mtime: status.mtime }, content);
  }

  #reserve(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#bounds.bytes) throw tooMuch(`are larger than ${size(this.#bounds.bytes)}`);
  }

  #admit(path: string, name: string, isFolder: boolean): void {
    const { entries, depth } = this.#bounds;
    if (name.includes('\uFFFD')) throw new ClientError(`The name of ${path} is not UTF-8. Rename it.`);
    if (name.split('/').length > depth) throw new ClientError(`${path} lies deeper than ${depth} folders.`);
    const other = this.#origins.get(name);
    if (other !== undefined && !(isFolder && this.#folders.has(name))) {
      throw new ClientError(`${other} and ${path} would have the same name in the workspace, ${name}.`);
    }
    this.#origins.set(name, path);
    if (isFolder) this.#folders.add(name);
    if (this.#origins.size > entries) throw tooMuch(`are more than ${entries}`);
  }
}

/** What a path on the command line leads to; a link is followed. */
async function statusOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    const why = systemCode(error) === 'ENOENT' ? 'does not exist' : `cannot be read (${systemCode(error)})`;
    throw new ClientError(`${path} ${why}.`, { exitCode: misused, cause: error });
  }
}

function unreadable(path: string): (error: unknown) => never {
  return (error) => {
    throw new ClientError(`${path} cannot be read (${systemCode(error)}).`, { cause: error });
  };
}

/** The target of a link whose way stays in the workspace: names, after as many `..` as the link lies deep. */
async function linkTarget(path: string, name: string): Promise<string> {
  const target = await readlink(path);
  const segments = target.split('/').filter((segment) => segment !== '' && segment !== '.');
  const firstName = segments.findIndex((segment) => segment !== '..');
  const ups = firstName === -1 ? segments.length : firstName;
  const leaves = target.startsWith('/') || ups > name.split('/').length - 1 || segments.includes('..', ups);
  if (!leaves) return target;
  throw new ClientError(
    `${path} links to ${target}, out of the workspace. Put a copy in its place, or remove the link.`,
  );
}

function size(bytes: number): string {
  return `${bytes / mib} MiB`;
}

function tooMuch(how: string): ClientError {
  return new ClientError(`The files ${how}. Give fewer of them, or only those that the REPL needs.`);
}
