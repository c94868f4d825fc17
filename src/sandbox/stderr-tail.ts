/** The last words of a sandbox on its stderr, bounded, for the reason that logs give. */

/** Enough for a Python traceback. */
const maxBytes = 4096;

export class StderrTail {
  #kept = Buffer.alloc(0);

  push(chunk: Buffer): void {
    const joined = Buffer.concat([this.#kept, chunk]);
    // A copy: what is cut off is kept by nobody.
    this.#kept = joined.length > maxBytes ? Buffer.from(joined.subarray(-maxBytes)) : joined;
  }

  get text(): string {
    return this.#kept.toString('utf8').trim();
  }
}
