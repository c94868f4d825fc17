/** Two Duplexes in memory: what is written to the one is read from the other, with backpressure. */
import { Duplex } from 'node:stream';

class End extends Duplex {
  peer: End | null = null;
  #taken: (() => void) | null = null;

  override _read(): void {
    const taken = this.#taken;
    this.#taken = null;
    taken?.();
  }

  receive(chunk: Buffer, taken: () => void): void {
    if (this.destroyed) return;
    this.#taken = taken;
    if (this.push(chunk)) this._read();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.peer === null) done();
    else this.peer.receive(chunk, done);
  }

  override _final(done: () => void): void {
    this.peer?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { peer } = this;
    this.peer = null;
    if (peer !== null && !peer.destroyed) peer.push(null);
    done(error);
  }
}

export function streamPair(): [Duplex, Duplex] {
  const [left, right] = [new End(), new End()];
  left.peer = right;
  right.peer = left;
  return [left, right];
}
