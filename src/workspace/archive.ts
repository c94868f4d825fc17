/**
 * Reads an uploaded tar or gzipped tar into checked entries, and writes entries as a normalised tar. The only file that
 * knows tar-stream. Everything is checked while it is unpacked, in memory: nothing is written to any disk, an archive
 * that breaks a bound is dropped at that point, and whatever tar could express beyond files, folders and links inside
 * the workspace is refused.
 */
import { once } from 'node:events';
import { createGunzip, type Gunzip } from 'node:zlib';
import { extract as tarExtract, pack as tarPack, type Extract, type Header } from 'tar-stream';
import { RunnerError } from '../errors.js';
import type { WorkspaceEntry } from './entry.js';
import { EntryCollector, type WorkspaceBounds } from './entry-collector.js';
import { entryError } from './safe-path.js';

export interface ReadArchiveOptions {
  readonly gzip: boolean;
  readonly bounds: WorkspaceBounds;
  readonly signal: AbortSignal;
}

const blockBytes = 512;
/** How much is handed to the unpacker at once, in bytes: a bad archive is left after at most this much more work. */
const sliceBytes = 64 * 1024;
/** Bytes of tar per entry beyond its content: its header, padding, and the long-name headers in front of it. */
const overheadBytes = 8 * blockBytes;
/** Tars are padded to records of 10 KiB by default, and to 1 MiB by some tools. */
const paddingBytes = 1024 * 1024;

/** latin1 keeps the octets of names, so that they can be checked to be UTF-8. */
const extractOptions = { filenameEncoding: 'latin1', highWaterMark: sliceBytes };

type Entry = AsyncIterable<unknown> & { readonly header: Header; resume(): unknown };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The entries of a tar archive: every path once, every folder before what is in it.
 * @throws RunnerError archive_unsafe, archive_invalid or archive_too_large, with context {entry, reason}; or what the
 * signal was aborted with
 */
export async function readArchive(archive: Buffer, options: ReadArchiveOptions): Promise<WorkspaceEntry[]> {
  const collector = new EntryCollector(options.bounds);
  const extract = tarExtract(extractOptions);
  const stop = new AbortController();
  const feeding = feed(extract, tarBytes(archive, options), stop.signal);
  try {
    for await (const entry of extract) await take(entry, collector);
    await feeding;
    return collector.entries();
  } catch (error) {
    options.signal.throwIfAborted();
    throw asRunnerError(error);
  } finally {
    stop.abort();
    extract.destroy();
  }
}

/** The entries as a tar that holds nothing unusual: plain headers, `pax` ones only where a name is long or not ASCII. */
export async function writeArchive(entries: readonly WorkspaceEntry[]): Promise<Buffer> {
  const pack = tarPack();
  const mtime = new Date();
  for (const entry of entries) {
    if (entry.type === 'file') {
      pack.entry({ name: entry.path, type: 'file', mode: entry.executable ? 0o755 : 0o644, mtime }, entry.content);
    } else if (entry.type === 'directory') {
      pack.entry({ name: entry.path, type: 'directory', mode: 0o755, mtime });
    } else {
      pack.entry({ name: entry.path, type: 'symlink', linkname: entry.target, mode: 0o777, mtime });
    }
  }
  pack.finalize();
  return collected(pack);
}

async function feed(extract: Extract, chunks: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (extract.destroyed) return;
      if (!extract.write(chunk)) await once(extract, 'drain', { signal });
    }
    extract.end(null);
  } catch (error) {
    // The reader of the extract stream gets it from there.
    extract.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** The plain tar's octets, counted, and checked to end as a whole tar ends. */
async function* tarBytes(archive: Buffer, { gzip, bounds, signal }: ReadArchiveOptions): AsyncGenerator<Buffer> {
  const maxBytes = bounds.unpackedBytes + bounds.entries * overheadBytes + paddingBytes;
  let total = 0;
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of gzip ? inflated(archive) : slices(archive)) {
    signal.throwIfAborted();
    total += chunk.length;
    if (total > maxBytes) {
      throw new RunnerError('archive_too_large', `The archive is larger than ${maxBytes} bytes when unpacked.`, {
        context: { reason: 'unpacked_bytes', max: bounds.unpackedBytes },
      });
    }
    tail =
      chunk.length >= blockBytes ? chunk.subarray(-blockBytes) : Buffer.concat([tail, chunk]).subarray(-blockBytes);
    yield chunk;
  }
  if (tail.length < blockBytes || tail.some((octet) => octet !== 0)) {
    throw invalid('it does not end as a tar archive ends; it is cut off, or has something behind its end');
  }
}

function* slices(archive: Buffer): Generator<Buffer> {
  for (let start = 0; start < archive.length; start += sliceBytes) yield archive.subarray(start, start + sliceBytes);
}

async function* inflated(archive: Buffer): AsyncGenerator<Buffer> {
  const gunzip: Gunzip = createGunzip({ chunkSize: sliceBytes });
  gunzip.end(archive);
  for await (const chunk of gunzip) {
    if (Buffer.isBuffer(chunk)) yield chunk;
  }
  // zlib stops without an error at a zero octet behind the last member.
  if (archive.subarray(gunzip.bytesWritten).some((octet) => octet !== 0)) {
    throw invalid('it has something behind its end');
  }
}

async function take(entry: Entry, collector: EntryCollector): Promise<void> {
  const { header } = entry;
  const path = collector.admit(checkedText(header.name, paxText(header, 'path')));
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
      if (isSparse(header)) throw entryError('archive_invalid', path, 'it is a sparse file');
      collector.reserve(header.size);
      collector.addFile(path, (header.mode & 0o100) !== 0, await collected(entry));
      return;
    case 'directory':
      collector.addDirectory(path);
      break;
    case 'symlink':
      collector.addSymlink(path, linkTarget(header));
      break;
    case 'link':
      collector.addHardlink(path, linkTarget(header));
      break;
    case 'character-device':
    case 'block-device':
    case 'fifo':
      throw entryError('archive_unsafe', path, `it is a ${header.type}`);
    default:
      throw entryError('archive_invalid', path, 'it is of a kind that is not supported');
  }
  entry.resume();
}

async function collected(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

function isSparse({ pax }: Header): boolean {
  return typeof pax === 'object' && pax !== null && Object.keys(pax).some((key) => key.startsWith('GNU.sparse.'));
}

function paxText({ pax }: Header, key: string): string {
  if (typeof pax !== 'object' || pax === null || !Object.hasOwn(pax, key)) return '';
  const value: unknown = Reflect.get(pax, key);
  return typeof value === 'string' ? value : '';
}

function linkTarget(header: Header): string {
  return checkedText(header.linkname, paxText(header, 'linkpath'));
}

/**
 * A name from a plain header holds octets; one from a pax header is text already, with U+FFFD for what was not UTF-8;
 * tar-stream gives null for a link without a target, against its own types.
 */
function checkedText(fromHeader: string | null, fromPax: string): string {
  if (fromPax !== '') {
    if (fromPax.includes('\uFFFD')) throw entryError('archive_invalid', fromPax, 'its name is not UTF-8');
    return fromPax;
  }
  const octets = fromHeader ?? '';
  try {
    return utf8.decode(Buffer.from(octets, 'latin1'));
  } catch {
    throw entryError('archive_invalid', octets, 'its name is not UTF-8');
  }
}

function invalid(reason: string): RunnerError {
  return new RunnerError('archive_invalid', `The archive cannot be read: ${reason}.`, { context: { reason } });
}

function asRunnerError(error: unknown): RunnerError {
  if (error instanceof RunnerError) return error;
  const reason = error instanceof Error ? error.message.replace(/\.$/, '') : 'unknown';
  return new RunnerError('archive_invalid', `The archive cannot be read: ${reason}.`, {
    context: { reason },
    cause: error,
  });
}
