/** The last words of a sandbox on its stderr, bounded, for the reason that logs give. */
import type { Readable } from 'node:stream';

const maxBytes = 4096;

export class StderrTail {
  #kept = Buffer.alloc(0);

  constructor(stderr: Readable) {
    stderr.on('error', () => undefined); // the pipe breaks with the process, whose exit says why
    stderr.on('data', (chunk: Buffer) => {
      const joined = Buffer.concat([this.#kept, chunk]);
      this.#kept = Buffer.from(joined.subarray(Math.max(0, joined.length - maxBytes)));
    });
  }

  get text(): string {
    return this.#kept.toString('utf8').trim();
  }
}
