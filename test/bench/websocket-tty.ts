/** A session's terminal at a repl.v1 websocket that acknowledges what it takes. */
import type { WebSocket } from 'ws';
import { BenchTty } from './bench-tty.js';

const ackStepBytes = 64 * 1024;

export class WebsocketTty extends BenchTty {
  readonly #socket: WebSocket;
  readonly #opened: Promise<void>;
  #start = 0;
  #acknowledged = 0;

  constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
    this.#opened = new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.#onOutput(data);
      else this.#onControl(data.toString());
    });
  }

  override type(text: string): void {
    void this.#opened.then(() => {
      this.#socket.send(Buffer.from(text), { binary: true });
    });
  }

  stall(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  override close(): Promise<void> | void {
    this.#socket.close();
  }

  #onOutput(data: Buffer): void {
    this.take(data);
    if (this.received - this.#acknowledged < ackStepBytes) return;
    this.#acknowledged = this.received;
    this.#socket.send(JSON.stringify({ type: 'ack', offset: this.#start + this.received }));
  }

  #onControl(text: string): void {
    const message = JSON.parse(text) as { type: string; offset: number };
    if (message.type === 'hello' || message.type === 'reset') this.#start = message.offset - this.received;
  }
}
