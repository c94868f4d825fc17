/** A folder's content as an agent tells it, line by line, checked and bounded. */
import { z } from 'zod';
import { RunnerError } from '../errors.js';

/** The agent stops at 4 MiB; escaped names take more room than that here. */
const maxBytes = 8 * 1024 * 1024;

const entrySchema = z.object({
  path: z.string().min(1).max(65_536),
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  size: z.number().int().nonnegative(),
  executable: z.boolean(),
  modified: z.number(),
  target: z.string().max(4096).optional(),
});
const endSchema = z.object({ truncated: z.boolean() });

export interface ListedEntry {
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
  readonly entries: readonly ListedEntry[];
  /** There is more than the bounds let through. */
  readonly truncated: boolean;
}

/** @param end the agent's answer, which comes behind the lines */
export async function readListing(
  lines: AsyncIterable<Buffer>,
  end: Promise<object>,
  maxEntries: number,
): Promise<Listing> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of lines) {
    bytes += piece.length;
    if (bytes > maxBytes) throw untrue('more than it may');
    pieces.push(piece);
  }
  const { truncated } = endSchema.parse(await end);
  const text = Buffer.concat(pieces).toString();
  const entries = text === '' ? [] : text.trimEnd().split('\n').map(entryOf);
  if (entries.length > maxEntries) throw untrue('more than it may');
  return { entries, truncated };
}

function entryOf(line: string): ListedEntry {
  const parsed = entrySchema.safeParse(parsedJson(line));
  if (!parsed.success) throw untrue('what is no entry');
  const { modified, target = null, ...entry } = parsed.data;
  return { ...entry, modifiedAt: dateOf(modified), target };
}

function parsedJson(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return value;
  } catch {
    return null;
  }
}

/** A program may set any time; beyond what a date can be it is the epoch. */
export function dateOf(seconds: number): Date {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? new Date(0) : date;
}

function untrue(what: string): RunnerError {
  return new RunnerError('sandbox_failed', `The sandbox lists ${what}.`);
}
