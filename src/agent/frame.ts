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
  /** The payload as views into what arrived, which nobody writes to again; none is empty. */
  readonly pieces: readonly Buffer[];
}

/** The payload in one piece, copied only where it came in several. */
export function payloadOf({ pieces }: Frame): Buffer {
  const [first = Buffer.alloc(0)] = pieces;
  return pieces.length > 1 ? Buffer.concat(pieces) : first;
}

/** A payload that trickles in is joined at this many pieces, each of which may keep a whole chunk in memory. */
const maxPieces = 32;

/**
 * Splits what an agent sends into frames. Until `seek` has found its nonce everything is dropped, so that decoding may
 * begin in the middle of a stream. Throws FrameError on a damaged, oversized or unknown frame.
 */
export class FrameDecoder {
  readonly #header = Buffer.alloc(headerBytes);
  #headerFilled = 0;
  #pieces: Buffer[] = [];
  #payloadLeft = 0;
  #checksum = 0;
  readonly #trailer = Buffer.alloc(trailerBytes);
  #trailerFilled = 0;
  /** What is sought, and what has come of it. */
  #sought: { readonly nonce: Buffer; came: Buffer } | null = null;

  /** Drops everything before the frame whose payload starts with this nonce. */
  seek(nonce: Buffer): void {
    this.#sought = { nonce, came: Buffer.alloc(0) };
    this.#reset();
  }

  *push(arrived: Buffer): Generator<Frame> {
    const chunk = this.#sought === null ? arrived : this.#find(this.#sought, arrived);
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerFilled < headerBytes) at += this.#takeHeader(chunk, at);
      else if (this.#payloadLeft > 0) at += this.#takePayload(chunk, at);
      else at += this.#takeTrailer(chunk, at);
      if (this.#trailerFilled === trailerBytes) yield this.#whole();
    }
  }

  /** What is to be decoded: from the frame with the nonce on, or nothing yet. */
  #find(sought: { readonly nonce: Buffer; came: Buffer }, chunk: Buffer): Buffer {
    const { nonce } = sought;
    const came = Buffer.concat([sought.came, chunk]);
    const index = came.indexOf(nonce);
    if (index < headerBytes) {
      sought.came = Buffer.from(came.subarray(-(headerBytes + nonce.length - 1)));
      return Buffer.alloc(0);
    }
    this.#sought = null;
    return came.subarray(index - headerBytes);
  }

  #takeHeader(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#header, this.#headerFilled, at, at + headerBytes - this.#headerFilled);
    this.#headerFilled += taken;
    const type = this.#header.readUInt8(0);
    if (!fromAgent.has(type)) throw new FrameError(`a frame of type ${type}`);
    if (this.#headerFilled < headerBytes) return taken;
    this.#payloadLeft = this.#header.readUInt32BE(1);
    if (this.#payloadLeft > maxPayloadBytes) throw new FrameError(`a frame of ${this.#payloadLeft} bytes`);
    this.#checksum = crc32(this.#header);
    return taken;
  }

  #takePayload(chunk: Buffer, at: number): number {
    const piece = chunk.subarray(at, at + this.#payloadLeft);
    this.#payloadLeft -= piece.length;
    this.#checksum = crc32(piece, this.#checksum);
    if (this.#pieces.length === maxPieces) this.#pieces = [Buffer.concat(this.#pieces)];
    this.#pieces.push(piece);
    return piece.length;
  }

  #takeTrailer(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#trailer, this.#trailerFilled, at, at + trailerBytes - this.#trailerFilled);
    this.#trailerFilled += taken;
    return taken;
  }

  #whole(): Frame {
    if (this.#trailer.readUInt32BE(0) !== this.#checksum) throw new FrameError('a damaged frame');
    const frame = { type: this.#header.readUInt8(0), pieces: this.#pieces };
    this.#reset();
    return frame;
  }

  #reset(): void {
    this.#headerFilled = 0;
    this.#pieces = [];
    this.#payloadLeft = 0;
    this.#trailerFilled = 0;
  }
}
