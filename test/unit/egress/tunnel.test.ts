import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dial } from '../../../src/egress/dial.js';
import { Lookups } from '../../../src/egress/lookup.js';
import { parseNetwork } from '../../../src/egress/address.js';
import { tunnel } from '../../../src/egress/tunnel.js';
import { settled } from '../../doubles/settled.js';
import { streamPair } from '../../doubles/stream-pair.js';

const answer = 'x'.repeat(10_000);
const lookups = new Lookups(() => Promise.resolve(['127.0.0.1']));

/** A program that takes nothing of what it is sent until it is told to. */
class LateReader extends Duplex {
  taken = '';
  #held: (() => void) | null = null;
  #reads = false;

  override _read(): void {
    // What it says is pushed.
  }

  override _write(data: Buffer, _encoding: string, done: () => void): void {
    const take = (): void => {
      this.taken += data.toString();
      done();
    };
    if (this.#reads) take();
    else this.#held = take;
  }

  reads(): void {
    this.#reads = true;
    this.#held?.();
  }
}

async function helloTo(servername: string): Promise<Buffer> {
  const [client, server] = streamPair();
  const socket = connect({ socket: client, servername });
  socket.on('error', () => undefined);
  const [hello] = (await once(server, 'data')) as [Buffer];
  socket.destroy();
  return hello;
}

describe('The tunnel of a CONNECT', () => {
  let server: Server;
  beforeEach(async () => {
    server = createServer((socket) => {
      socket.once('data', () => socket.end(answer));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    server.close();
  });

  it('delivers all that the server has said before it closed, however late the program reads', async () => {
    const { port } = server.address() as AddressInfo;
    const networks = [parseNetwork('127.0.0.0/8')].filter((network) => network !== null);
    const entry = { name: 'index', port, kind: 'tls', networks } as const;
    const upstream = await dial(entry, lookups, new AbortController().signal);
    const program = new LateReader();
    const closed = tunnel(program, upstream, await helloTo('index'), 'index');
    await once(upstream, 'end');
    await settled();
    program.reads();
    program.push(null);
    await closed;
    expect(program.taken).toBe(`HTTP/1.1 200 Connection established\r\n\r\n${answer}`);
    expect(upstream.destroyed).toBe(true);
  });
});
