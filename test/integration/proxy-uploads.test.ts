/** Clients that send their whole body before they read, against a proxy that answers before it has all of it. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { within } from '../doubles/within.js';
import { type OnRequest, useReplicas } from '../support/replicas.js';

/** More than the sockets on the way hold. */
const bodyBytes = 32 * 1024 * 1024;
const piece = Buffer.alloc(256 * 1024, 'x');
const rounds = 3;

/** Rejects where the connection breaks while the client sends, or in its answer. */
async function upload(url: string, path: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
  try {
    const failed = once(socket, 'close').then(() => {
      throw new Error('the connection was closed while the client sent');
    });
    failed.catch(() => undefined);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bodyBytes}\r\n${lines.join('')}\r\n`);
    for (let sent = 0; sent < bodyBytes; sent += piece.length) {
      if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), failed]);
    }
    let answer = '';
    socket.setEncoding('latin1');
    for await (const text of socket) {
      answer += String(text);
      if (answer.includes('}}')) break;
    }
    return answer;
  } finally {
    socket.destroy();
  }
}

const refusal = JSON.stringify({ error: { code: 'too_much', context: {} } });

const answer = (response: ServerResponse): void => {
  response.writeHead(413, { 'Content-Length': refusal.length, Connection: 'keep-alive' }).end(refusal);
};

/** What a replica does with the body that it has refused. */
const early: readonly (readonly [string, OnRequest])[] = [
  [
    'reads it away',
    (request, response) => {
      answer(response);
      request.resume();
    },
  ],
  [
    'reads no further',
    (request, response) => {
      request.once('data', () => {
        request.pause();
        answer(response);
      });
    },
  ],
];

describe('A client that sends its body before it reads gets its answer', () => {
  const { replica, proxyOf } = useReplicas();
  const ways = [{}, { Connection: 'close' }];

  it.each(ways)('where the replica refuses the connection (%j)', async (headers) => {
    const one = await replica({ name: 'one' });
    // It looks once, and so keeps what it knows of the replica.
    const proxy = await proxyOf({ replicas: [one.url], bounds: { pollMs: 600_000, awayMs: 600_000 } });
    expect((await proxy.call('GET', `/repl/${one.newId()}`)).status).toBe(200);
    await one.stop();
    for (let round = 0; round < rounds; round += 1) {
      const answered = await within('answer', upload(proxy.url, `/repl/${one.newId()}/files/a`, headers));
      expect(answered).toMatch(/^HTTP\/1.1 503 [^]*"replica_unavailable"/);
    }
  });

  describe.each(early)('where the replica answers early and %s', (_how, onRequest) => {
    it.each(ways)('(%j)', async (headers) => {
      const one = await replica({ name: 'one', onRequest });
      one.server.keepAliveTimeout = 1;
      const proxy = await proxyOf({ replicas: [one.url] });
      for (let round = 0; round < rounds; round += 1) {
        const answered = await within('answer', upload(proxy.url, `/repl/${one.newId()}/files/a`, headers));
        expect(answered).toMatch(/^HTTP\/1.1 413 [^]*"too_much"/);
      }
    });
  });

  it.each(ways)('where the proxy refuses it (%j)', async (headers) => {
    const one = await replica({ name: 'one' });
    const proxy = await proxyOf({ replicas: [one.url], authorize: () => 'forbidden' });
    for (let round = 0; round < rounds; round += 1) {
      const answered = await within('answer', upload(proxy.url, `/repl/${one.newId()}/files/a`, headers));
      expect(answered).toMatch(/^HTTP\/1.1 403 /);
    }
    expect(one.requests).toEqual([]);
  });
});
