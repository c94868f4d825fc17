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

/** More than the kernel holds of a connection that nobody reads. */
const bytes = 16 * maxBodyBytes;
const times = 20;
const pieces = new Array<Buffer>(bytes / (64 * 1024)).fill(Buffer.alloc(64 * 1024, ' '));
const announced = [`Content-Length: ${bytes}\r\n\r\n`, ...pieces];
const inChunks = [`Transfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n`, ...pieces, '\r\n0\r\n\r\n'];

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

async function answerTo(sent: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  await pipeline(sent, socket, { end: false });
  return await text(socket);
}

it.each<[name: string, line: string, rest: readonly (string | Buffer)[], code: ErrorCode]>([
  ['no such call', 'POST /nothing', announced, 'route_unknown'],
  ['no such session', 'PUT /repl/x/files/a', announced, 'session_unknown'],
  ['no such method', 'PUT /repl', announced, 'method_not_allowed'],
  ['too large, as announced', 'POST /repl', announced, 'body_too_large'],
  ['too large, as it turns out', 'POST /repl', inChunks, 'body_too_large'],
])('answers before it hangs up: %s', async (_name, line, rest, code) => {
  const { status } = errorCodes[code];
  const head = `${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n`;
  for (let time = 0; time < times; time += 1) {
    const [answerHead = '', body = ''] = (await answerTo([head, ...rest])).split('\r\n\r\n');
    expect(answerHead).toContain(`HTTP/1.1 ${status} `);
    expect(JSON.parse(body)).toMatchObject({ error: { code } });
  }
  await untilEqual(() => parts.log.filter((line) => line.includes(`"status":${status}`)).length, times);
});
