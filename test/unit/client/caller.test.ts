import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Caller } from '../../../client/caller.js';

const call = { method: 'GET', path: '/' } as const;

describe('Caller', () => {
  /** Answers well, up to the middle of the body. */
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Length': 100 });
    response.write('{"id":', () => response.destroy());
  });

  beforeEach(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it.each(['json', 'octets'] as const)('says that an answer broke off: %s', async (kind) => {
    const { port } = server.address() as AddressInfo;
    const answer = new Caller(`http://127.0.0.1:${port}`, {})[kind](call, {});
    await expect(answer).rejects.toMatchObject({ code: 'unreachable', message: expect.stringContaining('broke off') });
  });
});
