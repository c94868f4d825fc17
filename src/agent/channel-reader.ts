/**
 * What an agent sends on one channel, for a reader that may be slow: the agent sends no more than the channel's window
 * ahead of it. Whoever stops reading before the end cancels, and the agent is told.
 */
import { RunnerError } from '../errors.js';
import type { AgentConnection } from './agent-connection.js';

/** An agent that has credit and sends nothing this long has failed. */
const silenceMs = 30_000;

interface Piece {
  readonly data: Buffer;
  /** Lets the agent send more. */
  taken(): void;
}

export class ChannelReader implements AsyncIterable<Buffer> {
  readonly channel: number;
  readonly #connection: AgentConnection;
  readonly #pieces: Piece[] = [];
  #ended = false;
  #error: Error | null = null;
  #wake: () => void = () => undefined;

  constructor(connection: AgentConnection) {
    this.#connection = connection;
    this.channel = connection.channels.open(
      (data) =>
        new Promise<void>((resolve) => {
          this.#pieces.push({ data, taken: resolve });
          this.#wake();
        }),
      (error) => {
        this.#ended = true;
        this.#error = error;
        this.#wake();
      },
    );
  }

  /** All that comes, once. Throws RunnerError `sandbox_failed` when the sandbox is lost or falls silent. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece !== undefined) {
          yield piece.data;
          piece.taken();
        } else if (this.#error !== null) throw this.#error;
        else if (this.#ended) return;
        else await this.#arrival();
      }
    } finally {
      this.cancel();
    }
  }

  /** Wants no more of it. Harmless at the end, and more than once. */
  cancel(): void {
    this.#pieces.length = 0;
    if (this.#ended) return;
    this.#ended = true;
    this.#connection.channels.close(this.channel);
    this.#connection.request('cancel', { channel: this.channel }).catch(() => undefined); // it is gone then
  }

  /** Nothing more comes, for this reason: whoever reads is told. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#connection.channels.close(this.channel);
    this.#wake();
  }

  async #arrival(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new RunnerError('sandbox_failed', 'The sandbox has stopped sending.'));
      }, silenceMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
