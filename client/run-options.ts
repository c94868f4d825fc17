/** A program to be run, and the body of the request that says so. Pure. */
import type { EgressOption, FileContent, UploadBody } from './start-options.js';
import { uploadBody } from './start-options.js';

/** At most one of `command`, `argv` and `file`; without any, the file that the language runs by default. */
export interface RunOptions {
  /** Shell text. */
  readonly command?: string;
  readonly argv?: readonly string[];
  /** A file of the workspace, built and run as its language does that. */
  readonly file?: string;
  /** Arguments beside `file`. */
  readonly args?: readonly string[];
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** As in docs/api.md, e.g. `wall_seconds`. */
  readonly limits?: Readonly<Record<string, number>>;
}

export interface RunOnceOptions extends RunOptions {
  readonly language: string;
  /** Contents by path in the workspace. */
  readonly files?: Readonly<Record<string, FileContent>>;
  /** A tar, gzipped or not, instead of `files`. */
  readonly archive?: Uint8Array;
  readonly egress?: EgressOption;
}

export function runBody({ stdin, ...options }: RunOptions & Partial<RunOnceOptions>): UploadBody {
  return uploadBody({ ...options, ...(stdin === undefined ? {} : { stdin: inputOf(stdin) }) });
}

function inputOf(stdin: string | Uint8Array): string | { base64: string } {
  if (typeof stdin === 'string') return stdin;
  let binary = '';
  // An argument list has its bounds.
  for (let at = 0; at < stdin.length; at += 8192) binary += String.fromCharCode(...stdin.subarray(at, at + 8192));
  return { base64: btoa(binary) };
}
