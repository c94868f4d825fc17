/** Two Duplexes in memory: what is written to the one is read from the other, with backpressure. */
import { Duplex } from 'node:stream';

class End extends Duplex {
  other: End | null = null;
  #taken: (() => void) | null = null;

  override _read(): void {
    const taken = this.#taken;
    this.#taken = null;
    taken?.();
  }

  take(chunk: Buffer, taken: () => void): void {
    if (this.destroyed) return;
    this.#taken = taken;
    if (this.push(chunk)) this._read();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.other === null) done();
    else this.other.take(chunk, done);
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { other } = this;
    this.other = null;
    if (other !== null && !other.destroyed) other.push(null);
    done(error);
  }
}

export function streamPair(): [Duplex, Duplex] {
  const [left, right] = [new End(), new End()];
  left.other = right;
  right.other = left;
  return [left, right];
}
