/** What a session is started or restarted with, and the body of the request that says so. Pure. */
import type { TerminalSize } from './protocol.js';

/** Text, or octets as base64. */
export type FileContent = string | { readonly base64: string; readonly executable?: boolean };

export interface RestartOptions {
  /** Contents by path in the workspace; absent in a restart keeps what is there. */
  readonly files?: Readonly<Record<string, FileContent>>;
  /** A tar, gzipped or not, instead of `files`. */
  readonly archive?: Uint8Array;
  /** Code that is run in the REPL's namespace before the first prompt. */
  readonly startup?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: TerminalSize;
}

/** What programs may reach: all that the operator allows, nothing, or some names of it; see docs/egress.md. */
export type EgressOption = boolean | readonly string[];

export interface StartOptions extends RestartOptions {
  readonly language: string;
  /** As in docs/api.md, e.g. `memory_mib`. */
  readonly limits?: Readonly<Record<string, number>>;
  readonly egress?: EgressOption;
}

/** What a fork may be given; its files and language are those of the session, and so is its egress where that is not said. */
export type ForkOptions = Omit<StartOptions, 'files' | 'archive' | 'language'>;

export interface UploadBody {
  readonly body: string | FormData;
  /** Absent where the platform finds out by itself. */
  readonly contentType?: string;
}

/** What all that is uploaded has; the rest goes along as it is. */
interface Uploaded {
  readonly archive?: Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** JSON, or a form where there is an archive. */
export function uploadBody({ archive, ...options }: Uploaded): UploadBody {
  const json = JSON.stringify(options);
  if (archive === undefined) return { body: json, contentType: 'application/json' };
  const body = new FormData();
  body.append('options', new Blob([json], { type: 'application/json' }));
  body.append('archive', new Blob([new Uint8Array(archive)], { type: 'application/octet-stream' }), 'files.tar');
  return { body };
}
