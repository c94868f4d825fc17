/** Requests as bytes, near to what a client would write, and what comes back of them on a connection of their own. */
import type { Server } from 'node:http';
import { connect, type NetConnectOpts } from 'node:net';
import { within } from '../doubles/within.js';
import type { Random } from '../support/random.js';
import { must } from './fuzz-target.js';
import { mutatedBytes } from './mutate-bytes.js';
import { mutatedText, oddText } from './mutate-text.js';

export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** All that came, in latin1. */
  readonly all: string;
}

/** Node's parser answers with these itself, for what never becomes a request. */
export const parserStatuses: readonly number[] = [400, 408, 413, 417, 431];

const answerMs = 20_000;
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'BREW', 'get'];
const oddHeaders: readonly (readonly [string, string])[] = [
  ...([
    ['Expect', '100-continue'],
    ['Expect', 'x'],
    ['Transfer-Encoding', 'chunked'],
    ['Content-Length', '5'],
    ['Content-Length', '-1'],
  ] as const),
  ...([
    ['Content-Encoding', 'gzip'],
    ['Upgrade', 'websocket'],
    ['Connection', 'upgrade'],
    ['Connection', 'close, te'],
    ['Host', ''],
  ] as const),
  ...([
    ['Accept', 'text/event-stream'],
    ['Accept', '*/*;q=0'],
    ['Range', 'bytes=0-1'],
    ['If-None-Match', '*'],
    ['Cookie', 'a=b'],
  ] as const),
  ...([
    ['X-Request-Id', 'a'.repeat(300)],
    ['Authorization', 'Bearer x'],
    ['Origin', 'null'],
    ['X-Forwarded-For', '::1'],
    ['TE', 'trailers'],
  ] as const),
  ...([
    ['Content-Type', 'multipart/form-data; boundary="'],
    ['Content-Type', 'application/json; charset=utf-16'],
    ['Trailer', 'a'],
  ] as const),
  ...([
    ['Sec-WebSocket-Version', '99'],
    ['Sec-WebSocket-Extensions', 'permessage-deflate'],
    ['X-Repl-Egress', '1'],
    ['Host', 'a:b:c'],
  ] as const),
];

/** The bytes of one of them, with some of it changed. */
export function mutatedRequest(random: Random, corpus: readonly RawRequest[]): Buffer {
  const base = random.pick(corpus);
  const method = random.percent(85) ? base.method : random.pick(methods);
  const target = random.percent(55)
    ? base.target
    : mutatedText(random, [base.target, ...corpus.map((other) => other.target)]);
  const headers = base.headers
    .filter(() => random.percent(97))
    .map(([name, value]) => mutatedHeader(random, name, value));
  if (random.percent(25)) headers.push(random.pick(oddHeaders));
  if (random.percent(5)) headers.push([oddText(random), oddText(random)]);
  const body = random.percent(50)
    ? base.body
    : mutatedBytes(random, [base.body, ...corpus.slice(0, 4).map((other) => other.body)]);
  const bytes = requestBytes({ method, target, headers, body });
  return random.percent(90) ? bytes : mutatedBytes(random, [bytes]);
}

export function requestBytes({ method, target, headers, body }: RawRequest): Buffer {
  const names = headers.map(([name]) => name.toLowerCase());
  const framed = names.includes('content-length') || names.includes('transfer-encoding');
  const length: [string, string][] = body.length > 0 && !framed ? [['Content-Length', String(body.length)]] : [];
  const lines = [...headers, ...length].map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`), body]);
}

function mutatedHeader(random: Random, name: string, value: string): readonly [string, string] {
  if (random.percent(90)) return [name, value];
  return random.percent(70) ? [name, mutatedText(random, [value])] : [mutatedText(random, [name]), value];
}

/**
 * Lets an HTTP server answer a client that has ended its own side, so that a request which is not whole comes to an end without
 * a clock. Node's servers hang up on such a client by default.
 */
export function answerHalfClosed(server: Server): Server {
  Reflect.set(server, 'httpAllowHalfOpen', true);
  return server;
}

/** Sends the bytes, ends its own side and resolves with all that came until the other side closed. */
export async function exchanged(address: NetConnectOpts, pieces: readonly Buffer[]): Promise<string> {
  const socket = connect({ ...address, allowHalfOpen: true });
  const received: Buffer[] = [];
  const over = new Promise<void>((resolve) => {
    // A server that has heard enough resets the connection.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve();
    });
    socket.on('end', () => socket.destroy());
  });
  socket.on('data', (data: Buffer) => received.push(data));
  for (const piece of pieces) socket.write(piece);
  socket.end();
  try {
    await within(
      () => `end of the connection; it said ${Buffer.concat(received).toString('latin1').slice(0, 300)}`,
      over,
      answerMs,
    );
  } finally {
    socket.destroy();
  }
  return Buffer.concat(received).toString('latin1');
}

/** The first answer that is not informational; null where the server has just closed. */
export function firstAnswer(all: string): RawAnswer | null {
  const [, , status = '', head = ''] =
    /^(HTTP\/1\.1 1\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n)*HTTP\/1\.1 ([2-9]\d\d)[^\r]*\r\n((?:[^\r]*\r\n)*?)\r\n/.exec(
      all,
    ) ?? [];
  if (status === '') {
    must(all === '' || /^HTTP\/1\.1 1\d\d /.test(all), () => `no answer of HTTP: ${all.slice(0, 200)}`);
    return null;
  }
  const start = all.indexOf(`${head}\r\n`, all.indexOf(` ${status}`)) + head.length + 2;
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  const rest = all.slice(start, length === undefined ? undefined : start + Number(length));
  // In chunks, of which there is none, is Node's own way to say nothing; behind the answer to a HEAD is the next one.
  const body = /^(0\r\n|HTTP\/1\.1 )/.test(rest) ? '' : rest;
  return { status: Number(status), head, body, all };
}
