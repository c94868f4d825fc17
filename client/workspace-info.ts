/** What a runner says of files, and the way from its JSON. Pure. */
import { asRecord } from './record.js';

export interface ListedFile {
  readonly path: string;
  /** `other` is a fifo, a socket or a device. */
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
  readonly size: number;
  readonly executable: boolean;
  readonly modifiedAt: Date;
  /** Of a symbolic link. */
  readonly target: string | null;
}

export interface Listing {
  readonly entries: readonly ListedFile[];
  /** There is more than a listing may hold. */
  readonly truncated: boolean;
}

/** What a fork took along. */
export interface ForkCopy {
  readonly files: number;
  readonly bytes: number;
  /** The first things of the workspace that could not be copied. */
  readonly leftOut: readonly { readonly path: string; readonly reason: string }[];
  readonly leftOutCount: number;
}

const types = ['file', 'directory', 'symlink', 'other'] as const;

/** null where it is not what a runner answers. */
export function parseListing(value: unknown): Listing | null {
  const fields = asRecord(value);
  if (fields === null || !Array.isArray(fields.entries)) return null;
  const entries = fields.entries.map(entryOf);
  const known = entries.filter((entry) => entry !== null);
  return known.length === entries.length ? { entries: known, truncated: fields.truncated === true } : null;
}

/** null where it is not what a runner answers. */
export function parseCopy(value: unknown): ForkCopy | null {
  const fields = asRecord(value);
  if (fields === null || !Array.isArray(fields.left_out)) return null;
  const leftOut = fields.left_out.map((entry: unknown) => {
    const { path, reason } = asRecord(entry) ?? {};
    return { path: String(path), reason: String(reason) };
  });
  return {
    files: Number(fields.files),
    bytes: Number(fields.bytes),
    leftOut,
    leftOutCount: Number(fields.left_out_count),
  };
}

function entryOf(value: unknown): ListedFile | null {
  const fields = asRecord(value);
  const type = types.find((known) => known === fields?.type);
  if (typeof fields?.path !== 'string' || type === undefined) return null;
  return {
    path: fields.path,
    type,
    size: Number(fields.size),
    executable: fields.executable === true,
    modifiedAt: new Date(String(fields.modified_at)),
    target: typeof fields.target === 'string' ? fields.target : null,
  };
}
