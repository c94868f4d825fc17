/** A peer's terminal behind a websocket, in that peer's own framing. */
import { WebSocket } from 'ws';
import { BenchTty } from '../bench-tty.js';

export interface Framing {
  /** What is sent for typed text. */
  encode(typed: string): string;
  /** The output in a message; null where it holds none. */
  decode(message: Buffer): Buffer | null;
}

export class PeerTty extends BenchTty {
  readonly #socket: WebSocket;
  readonly #framing: Framing;

  /** @param url of the server's page; its websocket lies at the same address */
  constructor(url: URL, framing: Framing) {
    super();
    const address = new URL(url);
    address.protocol = 'ws:';
    this.#framing = framing;
    this.#socket = new WebSocket(address, { perMessageDeflate: false });
    this.#socket.on('message', (message: Buffer) => {
      const output = framing.decode(message);
      if (output !== null) this.take(output);
    });
  }

  override type(text: string): void {
    this.#socket.send(this.#framing.encode(text));
  }

  override close(): void {
    this.#socket.close();
  }
}
