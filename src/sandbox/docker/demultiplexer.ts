/**
 * Takes Docker's multiplexed attach stream apart: frames of an 8-byte header (stream, three zeros, length as big-endian
 * uint32) and a payload. Payloads are handed on piece by piece as slices of what came in: nothing is copied, and nothing
 * but a split header is kept between chunks. It knows nothing of sockets.
 */
const headerBytes = 8;

export type MultiplexedStream = 'stdout' | 'stderr';

export class Demultiplexer {
  readonly #header = Buffer.alloc(headerBytes);
  #headerFilled = 0;
  #payloadLeft = 0;
  #stream: MultiplexedStream = 'stdout';

  /** @param deliver gets each piece of payload, never an empty one */
  constructor(private readonly deliver: (stream: MultiplexedStream, piece: Buffer) => void) {}

  /** Throws when the bytes are no multiplexed stream; nothing after that means anything. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const piece = chunk.subarray(at, at + this.#payloadLeft);
        this.#payloadLeft -= piece.length;
        at += piece.length;
        this.deliver(this.#stream, piece);
      } else {
        at += this.#fillHeader(chunk, at);
      }
    }
  }

  /** Answers how many bytes it took. */
  #fillHeader(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#header, this.#headerFilled, at, at + headerBytes - this.#headerFilled);
    this.#headerFilled += taken;
    if (this.#headerFilled === headerBytes) {
      this.#headerFilled = 0;
      this.#stream = this.#streamOfHeader();
      this.#payloadLeft = this.#header.readUInt32BE(4);
    }
    return taken;
  }

  #streamOfHeader(): MultiplexedStream {
    const kind = this.#header.readUInt32BE(0);
    if (kind === 0x01_00_00_00) return 'stdout';
    if (kind === 0x02_00_00_00) return 'stderr';
    throw new Error(`not a header of Docker's multiplexed stream: ${this.#header.toString('hex')}`);
  }
}
