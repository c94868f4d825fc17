/**
 * A connection that a program in the sandbox has made to the way out, as a stream: what the program sends is read from it,
 * what is written to it the program gets. Either side ends it as a whole. It looks at no byte; it counts them.
 */
import { Duplex } from 'node:stream';
import type { AcceptedChannel, Channels } from './channels.js';

export class ChannelDuplex extends Duplex {
  readonly #channel: AcceptedChannel;
  readonly #over = new AbortController();
  /** Let the agent send more. */
  #untaken: (() => void)[] = [];
  /** Bytes that the program has sent, and that were sent to it. */
  readonly bytes = { out: 0, in: 0 };
  /** Told of each piece, in either direction. */
  onBytes: (direction: 'in' | 'out', bytes: number) => void = () => undefined;

  /** Throws FrameError where the channel is in use. */
  constructor(channels: Channels, channel: number) {
    super({ allowHalfOpen: true });
    this.#channel = channels.accept(
      channel,
      (data) => this.#take(data),
      (error) => {
        this.#end(error);
      },
    );
    // Ended from here it is over as a whole: nobody reads what the program still says.
    this.once('finish', () => {
      setImmediate(() => this.destroy());
    });
  }

  override _read(): void {
    const taken = this.#untaken;
    this.#untaken = [];
    for (const more of taken) more();
  }

  override _write(data: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.bytes.in += data.length;
    this.onBytes('in', data.length);
    this.#channel.send(data, this.#over.signal).then(() => {
      done();
    }, done);
  }

  override _final(done: () => void): void {
    this.#channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#over.abort();
    this.#channel.end();
    done(error);
  }

  #take(data: Buffer): Promise<void> | undefined {
    if (this.destroyed) return undefined;
    this.bytes.out += data.length;
    this.onBytes('out', data.length);
    // Whoever counts may have ended it.
    if (this.#over.signal.aborted || this.push(data)) return undefined;
    return new Promise((resolve) => {
      this.#untaken.push(resolve);
    });
  }

  /** The program has closed it, or its sandbox is gone: what is written from now on nobody gets. */
  #end(error: Error | null): void {
    this.#over.abort();
    if (this.destroyed) return;
    if (error === null) this.push(null);
    else this.destroy();
  }
}
