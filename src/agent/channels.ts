/**
 * The byte streams beside the requests of one connection: output and standard input against credit, files against the
 * stream's own backpressure. Numbers are given once; 0 is the terminal's input, and those of the upper half are the agent's.
 */
import type { Duplex } from 'node:stream';
import { encodeFrame, FrameError, frameTypes, maxPayloadBytes } from './frame.js';

export const terminalChannel = 0;
/** The first number that the agent may name by itself. */
export const firstAgentChannel = 0x8000_0000;
/** Bytes that the agent may send on a channel before it gets credit back. */
export const channelWindowBytes = 128 * 1024;
/** Bytes for a program in the sandbox that may be on their way; the agent gives credit as the program takes them. */
const inputWindowBytes = 64 * 1024;
/** What of a frame's payload is left beside the channel's number. */
export const maxDataBytes = maxPayloadBytes - 4;

export function dataFrame(channel: number, data: Buffer): Buffer {
  return encodeFrame(frameTypes.data, u32(channel), data);
}

/** Takes a piece of output; the agent gets credit for more once it has returned, or resolved. */
export type TakeData = (data: Buffer) => unknown;
/** Told once: null when the agent has sent all, an error when the connection is gone. */
export type TakeEnd = (error: Error | null) => void;

interface Output {
  readonly take: TakeData;
  readonly end: TakeEnd;
  /** Bytes that the agent may still send. */
  window: number;
}

interface Input {
  /** Bytes that the agent still takes. */
  credit: number;
  wake(): void;
}

/** The runner's half of a channel that the agent has named. */
export interface AcceptedChannel {
  /** Resolves when all of it is on its way, or nobody wants it any more: the signal is aborted, or the stream is gone. */
  send(data: Buffer, signal: AbortSignal): Promise<void>;
  /** Ends it as a whole; harmless where it has ended. */
  end(): void;
}

export class Channels {
  readonly #stream: Duplex;
  readonly #outputs = new Map<number, Output>();
  readonly #inputs = new Map<number, Input>();
  #last = terminalChannel;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  /** A number that was never used. */
  next(): number {
    this.#last += 1;
    return this.#last;
  }

  /** A channel for output, on which the agent may have `channelWindowBytes` on the way. */
  open(take: TakeData, end: TakeEnd = () => undefined): number {
    const channel = this.next();
    this.#outputs.set(channel, { take, end, window: channelWindowBytes });
    return channel;
  }

  close(channel: number): void {
    this.#outputs.delete(channel);
  }

  /** Takes up a channel that the agent has named. Throws FrameError where it names one that is in use. */
  accept(channel: number, take: TakeData, end: TakeEnd): AcceptedChannel {
    if (this.#outputs.has(channel) || this.#inputs.has(channel)) throw new FrameError('a channel was opened twice');
    const input: Input = { credit: inputWindowBytes, wake: () => undefined };
    this.#outputs.set(channel, { take, end, window: channelWindowBytes });
    this.#inputs.set(channel, input);
    this.#write(encodeFrame(frameTypes.credit, u32(channel), u32(channelWindowBytes)));
    return {
      send: (data, signal) => this.#send(channel, input, data, signal),
      end: () => {
        if (!this.#inputs.delete(channel)) return;
        this.close(channel);
        this.refuse(channel);
      },
    };
  }

  /** Ends a channel that the agent has named. */
  refuse(channel: number): void {
    this.#write(encodeFrame(frameTypes.end, u32(channel)));
  }

  /** The connection is gone. */
  clear(error: Error): void {
    const outputs = [...this.#outputs.values()];
    this.#outputs.clear();
    for (const { end } of outputs) end(error);
    for (const input of this.#inputs.values()) input.wake();
  }

  /** A data or end frame of the agent; on a channel that is closed it means nothing. Throws FrameError beyond the credit. */
  receive(type: number, payload: Buffer): void {
    const channel = payload.readUInt32BE(0);
    const output = this.#outputs.get(channel);
    if (output === undefined) return;
    if (type === frameTypes.end) {
      this.close(channel);
      output.end(null);
      return;
    }
    const data = payload.subarray(4);
    output.window -= data.length;
    if (output.window < 0) throw new FrameError('data beyond what was allowed');
    const taken = output.take(data);
    if (taken instanceof Promise) {
      taken.then(
        () => {
          this.#restore(channel, output, data.length);
        },
        () => undefined, // who takes it has failed, and asks for no more
      );
    } else this.#restore(channel, output, data.length);
  }

  /** The agent has taken this much of an input. */
  grant(channel: number, bytes: number): void {
    const input = this.#inputs.get(channel);
    if (input === undefined) return;
    input.credit += bytes;
    input.wake();
  }

  /** Sends all of it and its end, no further than the agent takes it, until the signal aborts. */
  async feed(channel: number, data: Buffer, signal: AbortSignal): Promise<void> {
    const input: Input = { credit: inputWindowBytes, wake: () => undefined };
    this.#inputs.set(channel, input);
    try {
      await this.#send(channel, input, data, signal);
      if (!signal.aborted) this.#write(encodeFrame(frameTypes.end, u32(channel)));
    } finally {
      this.#inputs.delete(channel);
    }
  }

  /** Sends all of it and its end, as fast as the stream takes it. Rejects as the content does. */
  async upload(channel: number, content: Buffer | AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of Buffer.isBuffer(content) ? [content] : content) {
      for (let at = 0; at < chunk.length && !this.#stream.destroyed; at += maxDataBytes) {
        const flowing = this.#stream.write(dataFrame(channel, chunk.subarray(at, at + maxDataBytes)));
        if (!flowing) await this.#drained();
      }
      if (this.#stream.destroyed) break;
    }
    this.#write(encodeFrame(frameTypes.end, u32(channel)));
  }

  async #send(channel: number, input: Input, data: Buffer, signal: AbortSignal): Promise<void> {
    const wake = (): void => {
      input.wake();
    };
    signal.addEventListener('abort', wake);
    try {
      for (let at = 0; at < data.length;) {
        while (input.credit <= 0 && !signal.aborted && !this.#stream.destroyed) {
          await new Promise<void>((resolve) => {
            input.wake = resolve;
          });
        }
        if (signal.aborted || this.#stream.destroyed) return;
        const piece = data.subarray(at, at + Math.min(input.credit, maxDataBytes));
        this.#stream.write(dataFrame(channel, piece));
        input.credit -= piece.length;
        at += piece.length;
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  #restore(channel: number, output: Output, bytes: number): void {
    if (this.#outputs.get(channel) !== output) return;
    output.window += bytes;
    this.#write(encodeFrame(frameTypes.credit, u32(channel), u32(bytes)));
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
