/** The calls on a session's files, by the owner's id. Paths are relative to the workspace, with slashes. */
import { sessionPath, uploadTimeoutMs, type Call, type CallOptions } from './caller.js';
import { asRecord } from './record.js';
import { SessionClient } from './session-client.js';
import { parseOwnedSession, type OwnedSession } from './session-info.js';
import type { ForkOptions } from './start-options.js';
import { parseCopy, parseListing, type ForkCopy, type Listing } from './workspace-info.js';

const octets = 'application/octet-stream';

export interface ListOptions extends CallOptions {
  /** A folder; the whole workspace when absent. */
  readonly path?: string;
  readonly recursive?: boolean;
}

export interface WriteOptions extends CallOptions {
  /** Absent keeps what the file was. */
  readonly executable?: boolean;
}

export class WorkspaceClient extends SessionClient {
  async listFiles(id: string, { path = '', recursive = false, ...options }: ListOptions = {}): Promise<Listing> {
    const query = new URLSearchParams({ path, recursive: recursive ? '1' : '0' });
    const call = { method: 'GET', path: `${sessionPath(id)}/files?${query.toString()}` } as const;
    return this.owned(parseListing(await this.caller.json(call, options)));
  }

  async readFile(id: string, path: string, options: CallOptions = {}): Promise<Uint8Array> {
    const call = { method: 'GET', path: filePath(id, path), timeoutMs: uploadTimeoutMs } as const;
    return await this.caller.octets(call, options);
  }

  /** Whole or not at all; folders on the way are made. Resolves with whether the file is new. */
  async writeFile(
    id: string,
    path: string,
    content: string | Uint8Array,
    { executable, ...options }: WriteOptions = {},
  ): Promise<{ created: boolean }> {
    const query = executable === undefined ? '' : `?executable=${executable ? '1' : '0'}`;
    const call = { ...upload('PUT', `${filePath(id, path)}${query}`, content), contentType: octets };
    return { created: (await this.caller.call(call, options)).status === 201 };
  }

  /** Moves a file, a folder or a link; `overwrite` lets it take the place of another. */
  async renameFile(
    id: string,
    from: string,
    to: string,
    { overwrite = false, ...options }: CallOptions & { readonly overwrite?: boolean } = {},
  ): Promise<void> {
    const body = JSON.stringify({ path: to, overwrite });
    const call = { method: 'PATCH', path: filePath(id, from), body, contentType: 'application/json' } as const;
    await this.caller.call(call, options);
  }

  /** A file, a link, or a folder with all that is in it. */
  async deleteFile(id: string, path: string, options: CallOptions = {}): Promise<void> {
    await this.caller.call({ method: 'DELETE', path: filePath(id, path), timeoutMs: uploadTimeoutMs }, options);
  }

  /** The workspace as a tar. */
  async downloadArchive(
    id: string,
    { gzip = false, ...options }: CallOptions & { readonly gzip?: boolean } = {},
  ): Promise<Uint8Array> {
    const path = `${sessionPath(id)}/archive?gzip=${gzip ? '1' : '0'}`;
    return await this.caller.octets({ method: 'GET', path, timeoutMs: uploadTimeoutMs }, options);
  }

  /** Replaces all files by those of a tar, gzipped or not; `merge` keeps the others. */
  async uploadArchive(
    id: string,
    archive: Uint8Array,
    { merge = false, ...options }: CallOptions & { readonly merge?: boolean } = {},
  ): Promise<void> {
    const contentType = archive[0] === 0x1f && archive[1] === 0x8b ? 'application/gzip' : 'application/x-tar';
    const path = `${sessionPath(id)}/archive?merge=${merge ? '1' : '0'}`;
    await this.caller.call({ ...upload('PUT', path, archive), contentType }, options);
  }

  /** A new session with a copy of the files. */
  async forkSession(
    id: string,
    fork: ForkOptions = {},
    options: CallOptions = {},
  ): Promise<OwnedSession & { readonly fork: ForkCopy }> {
    const path = `${sessionPath(id)}/fork`;
    const call = { ...upload('POST', path, JSON.stringify(fork)), contentType: 'application/json' };
    const answer = await this.caller.json(call, options);
    return { ...this.owned(parseOwnedSession(answer)), fork: this.owned(parseCopy(asRecord(answer)?.fork)) };
  }
}

function upload(method: 'PUT' | 'POST', path: string, content: string | Uint8Array) {
  const body = typeof content === 'string' ? content : new Blob([new Uint8Array(content)]);
  return { method, path, body, timeoutMs: uploadTimeoutMs } satisfies Call;
}

/** Each segment encoded. A URL has no way to say `..`, which no file is named: it is sent so that the runner refuses it. */
function filePath(id: string, path: string): string {
  const segments = path.split('/').map((segment) => (segment === '..' ? '..%2F' : encodeURIComponent(segment)));
  return `${sessionPath(id)}/files/${segments.join('/')}`;
}
