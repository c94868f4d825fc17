/** The calls on single files of a session. Only the owner's id reads or writes them; each call keeps the session from idling. */
import type { Request, Response } from 'express';
import { RunnerError, type ErrorCode } from '../../errors.js';
import { filePath, folderPath } from '../../workspace/file-path.js';
import type { WorkspaceFile } from '../../workspace/workspace.js';
import type { AppParts } from '../app-parts.js';
import { bodyChunks } from '../body-chunks.js';
import { readBody } from '../body.js';
import {
  fileBodySchema,
  fileSchema,
  listingSchema,
  listQuerySchema,
  renameSchema,
  writeQuerySchema,
} from '../file-schemas.js';
import { idOf, ownedSession } from '../owned-session.js';
import type { Route } from '../route.js';
import { sendOctets } from '../send-octets.js';
import { maxSmallBodyBytes, mediaType, readJson, unsupported } from '../upload.js';
import { parseJson, validate } from '../validate.js';

const octets = 'application/octet-stream';
/** Sent by programs that know no better, and octets all the same. */
const octetTypes: readonly string[] = [octets, 'text/plain', ''];
const oneFile = '/repl/:id/files/*path';

const ofFiles: readonly ErrorCode[] = [
  ...(['session_unknown', 'session_ended', 'session_state', 'session_busy', 'sandbox_failed'] as const),
  ...(['path_invalid', 'path_unsafe', 'file_kind', 'file_locked'] as const),
];
const ofReading: readonly ErrorCode[] = [...ofFiles, 'file_unknown'];
const ofWriting: readonly ErrorCode[] = [...ofReading, 'disk_full'];

export function fileRoutes(parts: AppParts): Route[] {
  return [listRoute(parts), readRoute(parts), writeRoute(parts), renameRoute(parts), removeRoute(parts)];
}

function listRoute({ sessions, config }: AppParts): Route {
  return {
    method: 'get',
    path: '/repl/:id/files',
    operationId: 'list_files',
    tag: 'Files',
    summary: 'What is in the workspace, or in one folder of it.',
    query: listQuerySchema,
    answer: { status: 200, schema: listingSchema },
    errors: ofReading,
    handle: async (request, response) => {
      const { workspace } = ownedSession(sessions, idOf(request));
      const { path = '', recursive = false } = validate(listQuerySchema, { ...request.query });
      const { depth, entries: maxEntries } = config.workspaceBounds;
      const { entries, truncated } = await workspace.list(folderPath(path, depth), { recursive, maxEntries });
      const shown = entries.map(({ modifiedAt, ...entry }) => ({ ...entry, modified_at: modifiedAt.toISOString() }));
      response.json({ entries: shown, truncated });
    },
  };
}

function readRoute({ sessions, config }: AppParts): Route {
  return {
    method: 'get',
    path: oneFile,
    operationId: 'read_file',
    tag: 'Files',
    summary: 'The content of a file; as JSON where that is what is accepted.',
    answer: { status: 200, schema: fileSchema, contentType: octets },
    errors: [...ofReading, 'file_too_large'],
    handle: async (request, response) => {
      const { workspace } = ownedSession(sessions, idOf(request));
      const path = filePath(pathOf(request), config.workspaceBounds.depth);
      const file = await workspace.read(path);
      try {
        if (request.accepts([octets, 'application/json']) === 'application/json') {
          response.json(await asJson(path, file, config.maxBodyBytes));
        } else await sendFile(request, response, file);
      } finally {
        file.cancel();
      }
    },
  };
}

async function sendFile(request: Request, response: Response, file: WorkspaceFile): Promise<void> {
  const headers = {
    'Content-Type': octets,
    'Content-Length': String(file.size),
    'Content-Disposition': 'attachment',
    'Last-Modified': file.modifiedAt.toUTCString(),
    'X-Executable': file.executable ? '1' : '0',
  };
  if (request.method === 'HEAD') response.status(200).set(headers).end();
  else await sendOctets(response, file.content, headers);
}

async function asJson(path: string, file: WorkspaceFile, maxBytes: number) {
  const { size, executable, modifiedAt } = file;
  if (size > maxBytes) {
    const message = `"${path}" has ${size} bytes, too many for JSON; ask for ${octets}.`;
    throw new RunnerError('file_too_large', message, { context: { path, max_bytes: maxBytes } });
  }
  const pieces: Buffer[] = [];
  for await (const piece of file.content) pieces.push(piece);
  const content = Buffer.concat(pieces);
  const text = content.toString();
  const body = Buffer.from(text).equals(content) ? { content: text } : { base64: content.toString('base64') };
  return { path, size, executable, modified_at: modifiedAt.toISOString(), ...body };
}

function writeRoute({ sessions, config }: AppParts): Route {
  return {
    method: 'put',
    path: oneFile,
    operationId: 'write_file',
    tag: 'Files',
    summary: 'Writes a file, with the folders that it lies in: all of it, or nothing.',
    query: writeQuerySchema,
    body: { json: fileBodySchema, octets: [octets, 'text/plain'], example: { content: 'answer = 42\n' } },
    answer: { status: 201, description: 'It is new.' },
    otherAnswer: { status: 204, description: 'It has taken the place of another.' },
    errors: ofWriting,
    handle: async (request, response) => {
      const { workspace } = ownedSession(sessions, idOf(request));
      const path = filePath(pathOf(request), config.workspaceBounds.depth);
      const { content, executable } = await contentOf(request, config.maxBodyBytes);
      const { created } = await workspace.write(path, content, executable);
      response.status(created ? 201 : 204).end();
    },
  };
}

async function contentOf(request: Request, maxBytes: number) {
  const query = validate(writeQuerySchema, { ...request.query });
  const type = mediaType(request);
  if (octetTypes.includes(type)) {
    return { content: bodyChunks(request, maxBytes), executable: query.executable ?? null };
  }
  if (type !== 'application/json') throw unsupported(type, [octets, 'application/json']);
  const body = validate(fileBodySchema, parseJson(await readBody(request, maxBytes)));
  const content = 'content' in body ? Buffer.from(body.content) : Buffer.from(body.base64, 'base64');
  return { content, executable: body.executable ?? query.executable ?? null };
}

function renameRoute({ sessions, config }: AppParts): Route {
  return {
    method: 'patch',
    path: oneFile,
    operationId: 'rename_file',
    tag: 'Files',
    summary: 'Renames or moves a file, a folder or a link.',
    body: { json: renameSchema, example: { path: 'package/module.py' } },
    answer: { status: 204 },
    errors: [...ofWriting, 'file_exists'],
    handle: async (request, response) => {
      ownedSession(sessions, idOf(request));
      const { depth } = config.workspaceBounds;
      const from = filePath(pathOf(request), depth);
      const { path, overwrite = false } = validate(renameSchema, await readJson(request, maxSmallBodyBytes));
      const { workspace } = ownedSession(sessions, idOf(request));
      await workspace.rename(from, filePath(path, depth), { overwrite });
      response.status(204).end();
    },
  };
}

function removeRoute({ sessions, config }: AppParts): Route {
  return {
    method: 'delete',
    path: oneFile,
    operationId: 'delete_file',
    tag: 'Files',
    summary: 'Removes a file, a link, or a folder with all that is in it.',
    answer: { status: 204 },
    errors: ofReading,
    handle: async (request, response) => {
      const { workspace } = ownedSession(sessions, idOf(request));
      await workspace.remove(filePath(pathOf(request), config.workspaceBounds.depth));
      response.status(204).end();
    },
  };
}

/** What follows `/files/`, each segment decoded once by express. */
function pathOf(request: Request): string {
  const path: unknown = request.params.path;
  return Array.isArray(path) ? path.join('/') : '';
}
