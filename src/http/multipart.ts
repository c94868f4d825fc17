/** Takes a multipart body apart into its `archive` and its `options`. The only file that knows busboy. */
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { RunnerError } from '../errors.js';

export interface Multipart {
  readonly archive: Buffer | null;
  /** JSON text. */
  readonly options: string | null;
}

/** @throws RunnerError malformed_request, or request_invalid for parts that do not belong there */
export async function readMultipart(body: Buffer, contentType: string): Promise<Multipart> {
  const parts = new Map<string, Buffer>();
  const problems: string[] = [];
  const parser = createParser(contentType, body.length);
  // The library calls from events of its own, where a throw would reach nobody; its types hide that a part may lack a name.
  const add = (name: string | undefined, content: Buffer): void => {
    if (name === undefined) problems.push('a part has no name');
    else if (name !== 'archive' && name !== 'options') problems.push(`${name.slice(0, 100)}: there is no such part`);
    else if (parts.has(name)) problems.push(`${name}: this part is there twice`);
    else parts.set(name, content);
  };
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown): void => {
      reject(new RunnerError('malformed_request', 'The body is not a whole multipart form.', { cause }));
    };
    parser.on('file', (name, stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.once('end', () => {
        add(name, Buffer.concat(chunks));
      });
      stream.on('error', fail);
    });
    parser.on('field', (name, value) => {
      add(name, Buffer.from(value));
    });
    parser.once('partsLimit', () => problems.push('there are too many parts'));
    parser.once('finish', resolve);
    parser.on('error', fail);
    parser.end(body);
  });
  if (problems.length > 0) {
    throw new RunnerError('request_invalid', 'The form may have a part "archive" and a part "options", once each.', {
      context: { problems },
    });
  }
  return { archive: parts.get('archive') ?? null, options: parts.get('options')?.toString() ?? null };
}

function createParser(contentType: string, bytes: number): BusboyInstance {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      isPartAFile: (name) => name === 'archive',
      limits: { fieldSize: bytes, parts: 10 },
      // The whole body is there: where the library holds it back for a part that it skips, it never finishes.
      highWaterMark: bytes + 1,
    });
  } catch (cause) {
    throw new RunnerError('malformed_request', 'The multipart form names no boundary.', { cause });
  }
}
