/**
 * Listens to a container's stdout beside whoever holds it. It never makes the holder wait: a listener that falls behind by
 * more than a little is cut off, since a stalled second attachment starves the first.
 */
import type { Duplex } from 'node:stream';
import { Readable } from 'node:stream';
import { Demultiplexer } from './demultiplexer.js';

const mostBehindBytes = 1024 * 1024;

export function listenTo(socket: Duplex): AsyncIterable<Buffer> & { close(): void } {
  const heard = new Readable({ highWaterMark: mostBehindBytes, read: () => undefined });
  const close = () => {
    heard.push(null);
    socket.destroy();
  };
  const demultiplexer = new Demultiplexer((stream, piece) => {
    if (stream === 'stdout' && !socket.destroyed && !heard.push(piece)) close();
  });
  socket.on('data', (chunk: Buffer) => {
    try {
      demultiplexer.push(chunk);
    } catch {
      close();
    }
  });
  socket.on('error', close);
  socket.on('close', close);
  return {
    async *[Symbol.asyncIterator]() {
      for await (const piece of heard) {
        // The Readable holds nothing but what was pushed above.
        yield piece as Buffer;
      }
    },
    close,
  };
}
