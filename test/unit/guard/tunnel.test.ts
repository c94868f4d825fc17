import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tunnel } from '../../../guard/tunnel.js';

const nothing = Buffer.alloc(0);

/** All until the end; unlike an iteration it leaves the other direction as it is. */
async function heard(socket: Socket): Promise<string> {
  let said = '';
  socket.on('data', (data: Buffer) => {
    said += data.toString();
  });
  await once(socket, 'end');
  return said;
}

describe('tunnel', () => {
  let folder: string;
  let server: Server;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tunnel-'));
    server = createServer({ allowHalfOpen: true });
    server.listen(join(folder, 'socket'));
    await once(server, 'listening');
  });
  afterEach(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  /** Two ends of one connection. */
  async function pair(): Promise<[Socket, Socket]> {
    const outside = connect({ path: join(folder, 'socket'), allowHalfOpen: true });
    const [inside] = (await once(server, 'connection')) as [Socket];
    outside.on('error', () => undefined);
    return [outside, inside];
  }

  async function dug(early = { near: nothing, far: nothing }) {
    const [client, near] = await pair();
    const [daemon, far] = await pair();
    const closed = tunnel({ socket: near, early: early.near }, { socket: far, early: early.far });
    return { client, daemon, closed };
  }

  it('carries what came early first, and the end of one side alone', async () => {
    const { client, daemon, closed } = await dug({ near: Buffer.from('ear'), far: Buffer.from('li') });
    client.end('ly');
    expect(await heard(daemon)).toBe('early');
    daemon.end('er');
    expect(await heard(client)).toBe('lier');
    await closed;
  });

  it.each(['client', 'daemon'] as const)('closes the other side when the %s is gone', async (which) => {
    const ends = await dug();
    const other = which === 'client' ? ends.daemon : ends.client;
    other.on('data', () => undefined);
    ends[which].destroy();
    await once(other, 'end');
    // As a peer that does not know yet.
    other.write('x');
    other.end();
    await ends.closed;
    await (other.closed ? null : once(other, 'close'));
  });

  it('holds no more than a little of what nobody reads', async () => {
    const { client, daemon, closed } = await dug();
    const piece = Buffer.alloc(64 * 1024);
    let sent = 0;
    const flood = (): void => {
      while (sent < 64 * 1024 * 1024 && daemon.writableLength < 1024 * 1024) {
        daemon.write(piece);
        sent += piece.length;
      }
    };
    flood();
    // What the kernel and the tunnel take is taken by then, as a byte the other way has gone around.
    client.write('x');
    await once(daemon, 'data');
    flood();
    expect(sent).toBeLessThan(8 * 1024 * 1024);
    let got = 0;
    client.on('data', (data: Buffer) => {
      got += data.length;
    });
    daemon.end();
    await once(client, 'end');
    expect(got).toBe(sent);
    client.end();
    await closed;
  });
});
