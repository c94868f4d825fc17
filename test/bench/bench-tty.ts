/** A terminal under measurement: what came is looked through as it comes, and forgotten. */

/** Enough to find a word that is split over two chunks. */
const keptBytes = 256;
/** A terminal that died says nothing more; the longest flood of a slow peer takes a minute. */
const patienceMs = 120_000;

export abstract class BenchTty {
  received = 0;
  #tail: Buffer = Buffer.alloc(0);
  #wanted: { text: string | null; bytes: number; resolve: () => void } | null = null;

  abstract type(text: string): void;

  /** Resolves when nothing of it disturbs another. */
  abstract close(): Promise<void> | void;

  /** Resolves when this text comes, counted from the last `until` on; rejects when it does not come. */
  until(text: string): Promise<void> {
    return this.#want({ text, bytes: 0 });
  }

  untilReceived(bytes: number): Promise<void> {
    return this.#want({ text: null, bytes });
  }

  protected take(data: Buffer): void {
    this.received += data.length;
    this.#tail = this.#tail.length === 0 ? data : Buffer.concat([this.#tail, data]);
    this.#look();
    if (this.#tail.length > keptBytes) this.#tail = this.#tail.subarray(-keptBytes);
  }

  #want(wanted: { text: string | null; bytes: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`a terminal does not give ${JSON.stringify(wanted)}`));
      }, patienceMs);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#wanted = { ...wanted, resolve: done };
      this.#look();
    });
  }

  #look(): void {
    const wanted = this.#wanted;
    if (wanted === null) return;
    const at = wanted.text === null ? -1 : this.#tail.indexOf(wanted.text);
    if (wanted.text === null ? this.received < wanted.bytes : at < 0) return;
    if (wanted.text !== null) this.#tail = this.#tail.subarray(at + wanted.text.length);
    this.#wanted = null;
    wanted.resolve();
  }
}
