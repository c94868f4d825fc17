/**
 * The runner's mirror of a terminal's log: bytes with absolute offsets, of which the last `capacityBytes` are kept. It
 * grows with what is written, so that an idle session costs little. Pure; it refuses offsets that go backwards.
 */

/** As much as the agent keeps; a screenful of a 4K terminal with colours is about a tenth of it. */
export const logCapacityBytes = 256 * 1024;
const initialBytes = 4 * 1024;

export class OutputLog {
  #ring = Buffer.allocUnsafeSlow(initialBytes);
  #start: number;
  #end: number;

  constructor(offset = 0) {
    this.#start = offset;
    this.#end = offset;
  }

  /** Offset of the oldest byte that is kept. */
  get start(): number {
    return this.#start;
  }

  /** Offset after the newest byte. */
  get end(): number {
    return this.#end;
  }

  /** Appends bytes that begin at `offset`. A jump forward drops what was kept; returns false in that case. */
  append(offset: number, data: Buffer): boolean {
    if (offset < this.#end) throw new RangeError(`offset ${offset} lies before the end of the log, ${this.#end}`);
    const continuous = offset === this.#end;
    if (!continuous) {
      this.#start = offset;
      this.#end = offset;
    }
    const kept = data.length > logCapacityBytes ? data.subarray(data.length - logCapacityBytes) : data;
    this.#end += data.length - kept.length;
    this.#reserve(kept.length);
    const size = this.#ring.length;
    const at = this.#end % size;
    const first = Math.min(kept.length, size - at);
    kept.copy(this.#ring, at, 0, first);
    kept.copy(this.#ring, 0, first);
    this.#end += kept.length;
    this.#start = Math.max(this.#start, this.#end - size);
    return continuous;
  }

  /** A copy of up to `maxBytes` from an offset that is kept; empty at the end. */
  read(offset: number, maxBytes: number): Buffer {
    if (offset < this.#start || offset > this.#end) throw new RangeError(`offset ${offset} is not in the log`);
    const length = Math.min(maxBytes, this.#end - offset);
    const at = offset % this.#ring.length;
    const first = this.#ring.subarray(at, Math.min(at + length, this.#ring.length));
    if (first.length === length) return Buffer.from(first);
    return Buffer.concat([first, this.#ring.subarray(0, length - first.length)]);
  }

  #reserve(more: number): void {
    const needed = Math.min(this.#end - this.#start + more, logCapacityBytes);
    if (needed <= this.#ring.length) return;
    let size = this.#ring.length;
    while (size < needed) size *= 2;
    const kept = this.read(this.#start, this.#end - this.#start);
    this.#ring = Buffer.allocUnsafeSlow(size);
    const at = this.#start % size;
    const first = Math.min(kept.length, size - at);
    kept.copy(this.#ring, at, 0, first);
    kept.copy(this.#ring, 0, first);
  }
}
