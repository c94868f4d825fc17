/**
 * One Duplex over a child's stdin and stdout, with the pipes' own backpressure both ways: a write is done when the
 * kernel took it, and nothing is read that the consumer did not ask for. It knows nothing of how the child ends.
 */
import { Duplex, type Readable, type Writable } from 'node:stream';

export class ProcessStream extends Duplex {
  readonly #input: Writable;
  readonly #output: Readable;

  constructor(input: Writable, output: Readable) {
    super({ autoDestroy: true });
    this.#input = input;
    this.#output = output;
    input.on('error', (error) => this.destroy(error));
    output.on('error', (error) => this.destroy(error));
    output.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) output.pause();
    });
    output.on('end', () => this.push(null));
    output.pause();
  }

  override _read(): void {
    this.#output.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#input.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#input.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#input.destroy();
    this.#output.destroy();
    done(error);
  }
}
