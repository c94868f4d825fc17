/**
 * The byte streams beside the requests of one connection: output against credit, input against the stream's own
 * backpressure. Numbers are given once; 0 is the terminal's input.
 */
import type { Duplex } from 'node:stream';
import { encodeFrame, frameTypes, maxPayloadBytes } from './frame.js';

export const terminalChannel = 0;
/** Bytes that the agent may send on a channel before it gets credit back. */
export const channelWindowBytes = 128 * 1024;
/** What of a frame's payload is left beside the channel's number. */
export const maxDataBytes = maxPayloadBytes - 4;

export function dataFrame(channel: number, data: Buffer): Buffer {
  return encodeFrame(frameTypes.data, u32(channel), data);
}

export class Channels {
  readonly #stream: Duplex;
  readonly #takers = new Map<number, (data: Buffer) => void>();
  #last = terminalChannel;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  /** A number that was never used. */
  next(): number {
    this.#last += 1;
    return this.#last;
  }

  /** A channel for output; what `onData` has taken is given back as credit. */
  open(onData: (data: Buffer) => void): number {
    const channel = this.next();
    this.#takers.set(channel, onData);
    return channel;
  }

  close(channel: number): void {
    this.#takers.delete(channel);
  }

  clear(): void {
    this.#takers.clear();
  }

  /** A data or end frame of the agent; on a channel that is closed it means nothing. */
  receive(type: number, payload: Buffer): void {
    const channel = payload.readUInt32BE(0);
    const onData = this.#takers.get(channel);
    if (type === frameTypes.end) this.close(channel);
    if (type === frameTypes.end || onData === undefined) return;
    const data = payload.subarray(4);
    onData(data);
    this.#write(encodeFrame(frameTypes.credit, u32(channel), u32(data.length)));
  }

  /** Sends all of it and its end, as fast as the stream takes it. */
  async upload(channel: number, data: Buffer): Promise<void> {
    for (let at = 0; at < data.length && !this.#stream.destroyed; at += maxDataBytes) {
      const flowing = this.#stream.write(dataFrame(channel, data.subarray(at, at + maxDataBytes)));
      if (!flowing) await this.#drained();
    }
    this.#write(encodeFrame(frameTypes.end, u32(channel)));
  }

  #write(frame: Buffer): void {
    if (!this.#stream.destroyed) this.#stream.write(frame);
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.off('drain', done);
        this.#stream.off('close', done);
        resolve();
      };
      this.#stream.once('drain', done);
      this.#stream.once('close', done);
    });
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}
