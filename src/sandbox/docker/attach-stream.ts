/**
 * One attachment to a container as the Duplex of the agent: its stdout out, its stdin in, with backpressure both ways.
 * What the agent writes to stderr is not for the agent's client: its end is kept to say why a sandbox ended.
 * It ends or fails with its socket, and never outlives it.
 */
import { Duplex } from 'node:stream';
import { StderrTail } from '../stderr-tail.js';
import { Demultiplexer } from './demultiplexer.js';

/** One read of a socket: more would only add delay before the sender is slowed down. */
const highWaterBytes = 64 * 1024;

export class AttachStream extends Duplex {
  /** Resolves when the socket is closed, whether or not anybody reads on; never rejects. */
  readonly socketClosed: Promise<void>;
  readonly #socket: Duplex;
  readonly #stderr = new StderrTail();
  #wantsMore = true;

  constructor(socket: Duplex) {
    super({ highWaterMark: highWaterBytes, allowHalfOpen: false });
    this.#socket = socket;
    const demultiplexer = new Demultiplexer((stream, piece) => {
      if (stream === 'stderr') this.#stderr.push(piece);
      else if (!this.push(piece)) this.#wantsMore = false;
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        demultiplexer.push(chunk);
      } catch (error) {
        this.destroy(error instanceof Error ? error : new Error(String(error)));
      }
      if (!this.#wantsMore) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    // Whoever uses the stream hears of errors by its own listener; with none, an error must not end the runner.
    this.on('error', () => undefined);
    this.socketClosed = new Promise((resolve) => {
      socket.once('close', () => {
        if (!this.readableEnded) this.push(null);
        resolve();
      });
    });
  }

  /** The end of what the container wrote to stderr. */
  get stderrTail(): string {
    return this.#stderr.text;
  }

  override _read(): void {
    this.#wantsMore = true;
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#socket.cork();
    const last = chunks.length - 1;
    chunks.forEach(({ chunk }, index) => this.#socket.write(chunk, index === last ? done : undefined));
    this.#socket.uncork();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => {
      done();
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
