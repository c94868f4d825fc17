/**
 * One request in plain HTTP, made anew to the server that it names, over a connection of its own. Headers that are meant for
 * a proxy stay here; a redirect is the program's business, and so a request of its own.
 */
import { request as httpRequest, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Target } from './target.js';

/** Of one hop only, by RFC 9110 and custom. */
const hopByHop = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'expect'],
]);

/** Resolves when the answer is with the program. Rejects where the server's is none, or either of them goes away. */
export async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  upstream: Socket,
  target: Target & { readonly path: string },
): Promise<void> {
  // An error closes it, which the request hears of.
  upstream.on('error', () => undefined);
  try {
    const outgoing = httpRequest({
      method: request.method,
      path: target.path,
      setHost: false,
      createConnection: () => upstream,
    });
    response.once('close', () => outgoing.destroy());
    const answered = answerTo(outgoing);
    answered.catch(() => undefined); // this may be given up before it is waited for
    writeHead(request, outgoing, target);
    // Where it fails there is no answer either, or one that came before the end of the request.
    pipeline(request, outgoing).catch(() => undefined);
    await passOn(await answered, response);
  } finally {
    upstream.destroy();
  }
}

function answerTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    outgoing.once('close', () => {
      reject(new Error('no answer'));
    });
  });
}

function writeHead(request: IncomingMessage, outgoing: ClientRequest, { name, port }: Target): void {
  const named = listed(request.headers.connection);
  for (const [header, values] of Object.entries(request.headersDistinct)) {
    if (header === 'host' || hopByHop.has(header) || named.has(header) || values === undefined) continue;
    outgoing.setHeader(header, values);
  }
  outgoing.setHeader('host', port === 80 ? name : `${name}:${port}`);
  outgoing.setHeader('connection', 'close');
  if (request.headers['transfer-encoding'] !== undefined) outgoing.setHeader('transfer-encoding', 'chunked');
  else if (request.headers['content-length'] === undefined && outgoing.useChunkedEncodingByDefault) {
    outgoing.setHeader('content-length', 0);
  }
}

async function passOn(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  const named = listed(answer.headers.connection);
  const headers: string[] = [];
  for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2) {
    const [header = '', value = ''] = answer.rawHeaders.slice(at, at + 2);
    if (!hopByHop.has(header.toLowerCase()) && !named.has(header.toLowerCase())) headers.push(header, value);
  }
  response.sendDate = false;
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', headers);
  await pipeline(answer, response);
}

/** Headers that the one who sent them calls hop-by-hop. */
function listed(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? '').split(',').map((word) => word.trim().toLowerCase()));
}
