import { Duplex } from 'node:stream';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { AttachStream } from '../../../../src/sandbox/docker/attach-stream.js';

/** A socket whose far end is in the test's hands. */
class FarEnd extends Duplex {
  readonly written: string[] = [];
  readonly held: (() => void)[] = [];
  override _read(): void {
    // Bytes come by push alone.
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(String(chunk));
    this.held.push(done);
  }
}

function frame(kind: 1 | 2, payload: Buffer | string): Buffer {
  const header = Buffer.from([kind, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(payload), 4);
  return Buffer.concat([header, Buffer.from(payload)]);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('AttachStream', () => {
  it('carries stdout to its end and keeps the last words of stderr', async () => {
    const socket = new FarEnd();
    const stream = new AttachStream(socket);
    socket.push(Buffer.concat([frame(1, 'hel'), frame(2, 'x'.repeat(5000)), frame(2, 'boom'), frame(1, 'lo')]));
    socket.push(null);
    expect(await text(stream)).toBe('hello');
    expect(stream.stderrTail).toBe(`${'x'.repeat(4092)}boom`);
  });

  it('stops reading the socket while nobody reads it, and goes on when somebody does', async () => {
    const socket = new FarEnd();
    const stream = new AttachStream(socket);
    socket.push(frame(1, Buffer.alloc(200_000)));
    await turn();
    expect(socket.isPaused()).toBe(true);
    stream.read();
    await turn();
    expect(socket.isPaused()).toBe(false);
    stream.destroy();
  });

  it('takes the next write only when the socket has taken the last', async () => {
    const socket = new FarEnd();
    const stream = new AttachStream(socket);
    expect(stream.write(Buffer.alloc(100_000))).toBe(false);
    await turn();
    expect(stream.writableNeedDrain).toBe(true);
    const drained = once(stream, 'drain');
    socket.held.pop()?.();
    await drained;
    expect(socket.written).toHaveLength(1);
    stream.destroy();
  });

  it('fails, without ending the runner, when the bytes make no sense', async () => {
    const socket = new FarEnd();
    const stream = new AttachStream(socket);
    socket.push('no header at all');
    await stream.socketClosed;
    expect(stream.errored?.message).toContain('multiplexed');
  });

  it('fails, without ending the runner, when the connection breaks', async () => {
    const socket = new FarEnd();
    const stream = new AttachStream(socket);
    socket.destroy(new Error('ECONNRESET'));
    await stream.socketClosed;
    expect(stream.destroyed).toBe(true);
  });

  it('lets go of the socket when it is destroyed', () => {
    const socket = new FarEnd();
    new AttachStream(socket).destroy();
    expect(socket.destroyed).toBe(true);
  });
});
