/** A client that sends its whole body before it reads gets the answer of a refusal, on a connection that closes as well. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { errorCodes, type ErrorCode } from '../../../src/errors.js';
import { maxBodyBytes, testApp } from '../../support/test-app.js';
import { untilEqual } from '../../support/until-equal.js';

type Sent = string | Buffer;

/** More than the kernel holds of a connection that nobody reads. */
const bytes = 16 * maxBodyBytes;
const times = 20;
const pieces = new Array<Buffer>(bytes / (64 * 1024)).fill(Buffer.alloc(64 * 1024, ' '));
const type = 'Content-Type: application/json\r\n';
const announced: readonly Sent[] = [`${type}Content-Length: ${bytes}\r\n\r\n`, ...pieces];
const inChunks: readonly Sent[] = [
  `${type}Transfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n`,
  ...pieces,
  '\r\n0\r\n\r\n',
];

let parts: ReturnType<typeof testApp>;
let server: Server;

beforeEach(async () => {
  parts = testApp();
  server = createServer(parts.app).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function answerTo(sent: readonly Sent[]): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  await pipeline(sent, socket, { end: false });
  return await text(socket);
}

/** Expects this refusal, and that it is told of in the log, of each of many requests. */
async function expectRefusals(line: string, [headers, ...rest]: readonly Sent[], code: ErrorCode): Promise<void> {
  const { status } = errorCodes[code];
  const head = `${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${String(headers)}`;
  for (let time = 0; time < times; time += 1) {
    const [answerHead = '', body = ''] = (await answerTo([head, ...rest])).split('\r\n\r\n');
    expect(answerHead).toContain(`HTTP/1.1 ${status} `);
    expect(JSON.parse(body)).toMatchObject({ error: { code } });
  }
  await untilEqual(() => parts.log.filter((logged) => logged.includes(`"status":${status}`)).length, times);
}

it.each<[name: string, line: string, sent: readonly Sent[], code: ErrorCode]>([
  ['no such call', 'POST /nothing', announced, 'route_unknown'],
  ['no such session', 'PUT /repl/x/files/a', announced, 'session_unknown'],
  ['no such method', 'PUT /repl', announced, 'method_not_allowed'],
  ['too large, as announced', 'POST /repl', announced, 'body_too_large'],
  ['too large, as it turns out', 'POST /repl', inChunks, 'body_too_large'],
])('answers before it hangs up: %s', async (_name, line, sent, code) => {
  await expectRefusals(line, sent, code);
});

it('answers before it hangs up on a file that it has begun to write', async () => {
  const request = { key: '', language: 'python', entries: [], startup: null, env: {}, size: { cols: 1, rows: 1 } };
  const { id } = await parts.sessions.start({ ...request, limits: {} }, new AbortController().signal);
  const [headers, ...rest] = inChunks;
  const octets = String(headers).replace('application/json', 'application/octet-stream');
  await expectRefusals(`PUT /repl/${id}/files/a`, [octets, ...rest], 'body_too_large');
});
