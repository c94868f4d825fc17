/** The whole workspace as one archive, out as a stream and in as the bodies that `POST /repl` takes. */
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { RunnerError, type ErrorCode } from '../../errors.js';
import { writeArchive } from '../../workspace/archive.js';
import { abortOnClose } from '../abort-on-close.js';
import type { AppParts } from '../app-parts.js';
import {
  archiveBodySchema,
  archiveOptionsSchema,
  readArchiveQuerySchema,
  unpackedSchema,
  writeArchiveQuerySchema,
} from '../file-schemas.js';
import { idOf, ownedSession } from '../owned-session.js';
import type { Route } from '../route.js';
import { sendOctets } from '../send-octets.js';
import { readUpload, type UploadShape } from '../upload.js';
import { validate } from '../validate.js';

const path = '/repl/:id/archive';

const ofArchives: readonly ErrorCode[] = [
  ...(['session_unknown', 'session_ended', 'session_state', 'session_busy', 'sandbox_failed', 'file_locked'] as const),
];

const shape: UploadShape<object> = {
  options: archiveOptionsSchema,
  json: archiveBodySchema,
  fromQuery: () => ({}),
  check: () => {
    // Nothing but the files can be refused.
  },
};

export function archiveRoutes(parts: AppParts): Route[] {
  return [downloadRoute(parts), uploadRoute(parts)];
}

function downloadRoute({ sessions }: AppParts): Route {
  return {
    method: 'get',
    path,
    operationId: 'download_archive',
    tag: 'Files',
    summary: 'The workspace as a tar. A connection that breaks off means an archive that is not whole.',
    query: readArchiveQuerySchema,
    answer: { status: 200, contentType: ['application/x-tar', 'application/gzip'] },
    errors: [...ofArchives, 'archive_too_large'],
    handle: async (request, response) => {
      const { workspace, limits } = ownedSession(sessions, idOf(request));
      const { gzip = false } = validate(readArchiveQuerySchema, { ...request.query });
      const type = gzip ? 'application/gzip' : 'application/x-tar';
      const headers = { 'Content-Type': type, 'Content-Disposition': 'attachment' };
      if (request.method === 'HEAD') {
        response.status(200).set(headers).end();
        return;
      }
      const { content } = workspace.pack(limits.diskBytes);
      await sendOctets(response, gzip ? gzipped(content) : content, headers);
    },
  };
}

function uploadRoute({ sessions, config }: AppParts): Route {
  return {
    method: 'put',
    path,
    operationId: 'upload_archive',
    tag: 'Files',
    summary: 'Replaces all files by those of an archive, or adds them.',
    query: writeArchiveQuerySchema,
    body: {
      json: archiveBodySchema,
      formOptions: archiveOptionsSchema,
      example: { files: { 'hiker.py': 'answer = 42\n' } },
    },
    answer: { status: 200, schema: unpackedSchema },
    errors: [...ofArchives, 'file_kind', 'file_exists'],
    handle: async (request, response) => {
      ownedSession(sessions, idOf(request));
      const { merge = false } = validate(writeArchiveQuerySchema, { ...request.query });
      const { entries } = await readUpload(request, shape, config, abortOnClose(response));
      if (entries === null) throw new RunnerError('request_invalid', 'The body has no files.');
      const files = await writeArchive(entries);
      response.json(await ownedSession(sessions, idOf(request)).workspace.unpack(files, { replace: !merge }));
    },
  };
}

async function* gzipped(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gzip = createGzip({ level: 1 });
  const compressing = pipeline(content, gzip);
  compressing.catch(() => undefined); // who reads the stream gets it from there
  for await (const chunk of gzip) if (Buffer.isBuffer(chunk)) yield chunk;
  await compressing;
}
