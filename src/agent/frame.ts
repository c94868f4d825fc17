/**
 * The frame codec of the agent protocol: `type:u8 length:u32 payload crc32:u32`, big endian, or the single byte no-op.
 * The other half is images/agent/repl_agent/frames.py; docs/agent-protocol.md is tested against both. Pure.
 */
import { crc32 } from 'node:zlib';

export const maxPayloadBytes = 64 * 1024;
export const headerBytes = 5;
export const trailerBytes = 4;

export const frameTypes = {
  noop: 0,
  sync: 1,
  release: 2,
  ping: 3,
  request: 4,
  flow: 5,
  requestPart: 6,
  data: 32,
  end: 33,
  credit: 34,
  synced: 65,
  denied: 66,
  unheld: 67,
  pong: 68,
  response: 69,
  event: 70,
  output: 71,
} as const;

export type FrameType = (typeof frameTypes)[keyof typeof frameTypes];

const fromAgent: ReadonlySet<number> = new Set([
  frameTypes.data,
  frameTypes.end,
  frameTypes.credit,
  frameTypes.synced,
  frameTypes.denied,
  frameTypes.unheld,
  frameTypes.pong,
  frameTypes.response,
  frameTypes.event,
  frameTypes.output,
]);

/** What arrived is no frame of an agent; nothing that follows can be trusted. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** One whole frame. Throws RangeError when the parts together exceed maxPayloadBytes. */
export function encodeFrame(type: FrameType, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  if (length > maxPayloadBytes) throw new RangeError(`a frame carries at most ${maxPayloadBytes} bytes, not ${length}`);
  const frame = Buffer.allocUnsafe(headerBytes + length + trailerBytes);
  frame[0] = type;
  frame.writeUInt32BE(length, 1);
  let position = headerBytes;
  for (const part of parts) {
    frame.set(part, position);
    position += part.length;
  }
  frame.writeUInt32BE(crc32(frame.subarray(0, position)), position);
  return frame;
}

/** No-ops that reach past the end of any frame that was cut short. */
export const noops = Buffer.alloc(headerBytes + maxPayloadBytes + trailerBytes, frameTypes.noop);

export interface Frame {
  readonly type: number;
  /** A view into what arrived, which nobody writes to again. */
  readonly payload: Buffer;
}

/**
 * Splits what an agent sends into frames. Until `seek` has found its nonce everything is dropped, so that decoding may
 * begin in the middle of a stream. Throws FrameError on a damaged, oversized or unknown frame.
 */
export class FrameDecoder {
  #pending: Buffer = Buffer.alloc(0);
  #nonce: Buffer | null = null;

  /** Drops everything before the frame whose payload starts with this nonce. */
  seek(nonce: Buffer): void {
    this.#nonce = nonce;
    this.#pending = Buffer.alloc(0);
  }

  *push(chunk: Buffer): Generator<Frame> {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    if (this.#nonce !== null && !this.#find(this.#nonce)) return;
    for (;;) {
      const frame = this.#next();
      if (frame === null) return;
      yield frame;
    }
  }

  #find(nonce: Buffer): boolean {
    const index = this.#pending.indexOf(nonce);
    if (index < headerBytes) {
      const kept = headerBytes + nonce.length - 1;
      if (this.#pending.length > kept) this.#pending = Buffer.from(this.#pending.subarray(-kept));
      return false;
    }
    this.#pending = this.#pending.subarray(index - headerBytes);
    this.#nonce = null;
    return true;
  }

  #next(): Frame | null {
    const pending = this.#pending;
    if (pending.length < headerBytes) return null;
    const type = pending.readUInt8(0);
    if (!fromAgent.has(type)) throw new FrameError(`a frame of type ${type}`);
    const length = pending.readUInt32BE(1);
    if (length > maxPayloadBytes) throw new FrameError(`a frame of ${length} bytes`);
    const end = headerBytes + length;
    if (pending.length < end + trailerBytes) return null;
    if (crc32(pending.subarray(0, end)) !== pending.readUInt32BE(end)) throw new FrameError('a damaged frame');
    this.#pending = pending.subarray(end + trailerBytes);
    return { type, payload: pending.subarray(headerBytes, end) };
  }
}
