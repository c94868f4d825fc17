/**
 * Reads the bodies of requests: JSON alone, or files with their options in whichever of the accepted types, which are JSON, a
 * tar, a gzipped tar, or a form with both. Everything that can be refused is refused here, before a sandbox is claimed.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Request } from 'express';
import type { z } from 'zod';
import { RunnerError } from '../errors.js';
import { readArchive } from '../workspace/archive.js';
import type { WorkspaceEntry } from '../workspace/entry.js';
import type { WorkspaceBounds } from '../workspace/entry-collector.js';
import { entriesFromJson, type JsonFile } from '../workspace/files-from-json.js';
import { readBody } from './body.js';
import { readMultipart } from './multipart.js';
import { parseJson, validate } from './validate.js';

export const archiveTypes = {
  'application/x-tar': { gzip: false },
  'application/gzip': { gzip: true },
  'application/x-gzip': { gzip: true },
  'application/x-tgz': { gzip: true },
} as const satisfies Record<string, { gzip: boolean }>;

type Files = Readonly<Record<string, JsonFile>>;
interface Size {
  readonly cols: number;
  readonly rows: number;
}

/** What makes the options of one call out of each kind of body. */
export interface UploadShape<Options> {
  readonly options: z.ZodType<Options>;
  readonly json: z.ZodType<Options & { readonly files?: Files | undefined }>;
  /** Makes options out of the query of an archive. */
  fromQuery(query: unknown): Options;
  /** Refuses options that cannot be served, before the files are looked at. */
  check(options: Options, headers: IncomingHttpHeaders): void;
}

export interface Upload<Options> {
  readonly options: Options;
  /** Null when the body says nothing of files. */
  readonly entries: readonly WorkspaceEntry[] | null;
}

export interface UploadBounds {
  readonly maxBodyBytes: number;
  readonly workspaceBounds: WorkspaceBounds;
}

/** More than any body without files needs. */
export const maxSmallBodyBytes = 64 * 1024;

/** The size of a terminal when the request does not say. */
export const defaultSize: Size = Object.freeze({ cols: 80, rows: 24 });

interface Received {
  readonly body: Buffer;
  readonly headers: IncomingHttpHeaders;
}

/** Reads and checks the whole body. Throws RunnerError; a client that leaves halfway makes it throw as well. */
export async function readUpload<Options>(
  request: Request,
  shape: UploadShape<Options>,
  bounds: UploadBounds,
  signal: AbortSignal,
): Promise<Upload<Options>> {
  const { headers } = request;
  const type = mediaType(request);
  if (type === 'application/json') {
    return fromJson({ body: await readBody(request, bounds.maxBodyBytes), headers }, shape, bounds);
  }
  if (type === 'multipart/form-data') {
    const body = await readBody(request, bounds.maxBodyBytes);
    return fromMultipart({ body, headers }, shape, bounds, signal);
  }
  if (!isArchiveType(type)) throw unsupported(type);
  const options = shape.fromQuery({ ...request.query });
  shape.check(options, headers);
  const body = await readBody(request, bounds.maxBodyBytes);
  const { gzip } = archiveTypes[type];
  return { options, entries: await readArchive(body, { gzip, bounds: bounds.workspaceBounds, signal }) };
}

/** A small JSON body for calls without files. Throws RunnerError. */
export async function readJson(request: Request, maxBodyBytes: number): Promise<unknown> {
  const type = mediaType(request);
  if (type !== 'application/json') throw unsupported(type, ['application/json']);
  return jsonOf(await readBody(request, maxBodyBytes));
}

/** The same where an empty body means no options. */
export async function readOptionalJson(request: Request, maxBodyBytes: number): Promise<unknown> {
  const type = mediaType(request);
  if (type !== 'application/json') throw unsupported(type, ['application/json']);
  const body = await readBody(request, maxBodyBytes);
  return body.length === 0 ? {} : jsonOf(body);
}

function fromJson<Options>(
  { body, headers }: Received,
  shape: UploadShape<Options>,
  bounds: UploadBounds,
): Upload<Options> {
  const options = validate(shape.json, body.length === 0 ? {} : jsonOf(body));
  shape.check(options, headers);
  const { files } = options;
  return { options, entries: files === undefined ? null : entriesFromJson(files, bounds.workspaceBounds) };
}

async function fromMultipart<Options>(
  { body, headers }: Received,
  shape: UploadShape<Options>,
  { workspaceBounds }: UploadBounds,
  signal: AbortSignal,
): Promise<Upload<Options>> {
  const { archive, options: text } = await readMultipart(body, headers['content-type'] ?? '');
  const options = validate(shape.options, text === null ? {} : jsonOf(text));
  shape.check(options, headers);
  if (archive === null) return { options, entries: null };
  const gzip = archive[0] === 0x1f && archive[1] === 0x8b;
  return { options, entries: await readArchive(archive, { gzip, bounds: workspaceBounds, signal }) };
}

/** zod leaves a key `__proto__` out of records; a file or variable of that name must not get lost without a word. */
function jsonOf(body: Buffer | string): unknown {
  const value = parseJson(body);
  if (typeof value !== 'object' || value === null) return value;
  const fields: [string, unknown][] = Object.entries(value);
  const problems = fields
    .filter(([, inner]) => typeof inner === 'object' && inner !== null && Object.hasOwn(inner, '__proto__'))
    .map(([name]) => `${name.slice(0, 100)}: the name __proto__ is not allowed`);
  if (problems.length === 0) return value;
  throw new RunnerError('request_invalid', 'The name __proto__ is not allowed.', { context: { problems } });
}

/** Without parameters, in lower case; '' where none is named. Refuses a content encoding. */
export function mediaType(request: Request): string {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new RunnerError('media_type_unsupported', 'Send the body without Content-Encoding.', {
      context: { content_encoding: encoding.slice(0, 100) },
    });
  }
  const given = request.headers['content-type'];
  // A request without any body means an empty JSON one.
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (given === undefined && !hasBody) return 'application/json';
  return (given ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function isArchiveType(type: string): type is keyof typeof archiveTypes {
  return Object.hasOwn(archiveTypes, type);
}

export function unsupported(
  type: string,
  accepted: readonly string[] = ['application/json', ...Object.keys(archiveTypes), 'multipart/form-data'],
): RunnerError {
  return new RunnerError('media_type_unsupported', `Send the body as one of ${accepted.join(', ')}.`, {
    context: { content_type: type.slice(0, 100), accepted: [...accepted] },
  });
}
