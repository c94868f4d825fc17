/** A TCP connection to a runner, for what no proper client would send. It keeps its own side open until it is told. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export class RawConnection {
  /** Everything that came until the server closed its side, or the connection broke. */
  readonly answer: Promise<string>;
  #received = '';

  private constructor(readonly socket: Socket) {
    this.answer = new Promise((resolve) => {
      for (const event of ['end', 'close']) {
        socket.once(event, () => {
          resolve(this.#received);
        });
      }
    });
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (text: string) => (this.#received += text));
  }

  /** Opens one; resolves when `sent` is on its way. */
  static async open(url: string, sent: string | Buffer): Promise<RawConnection> {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
    const connection = new RawConnection(socket);
    await once(socket, 'connect');
    await new Promise((resolve) => socket.write(sent, resolve));
    return connection;
  }

  /** Resolves when the server has sent this. */
  async until(text: string): Promise<void> {
    while (!this.#received.includes(text)) await once(this.socket, 'data');
  }

  /** Lets go of the connection as said; resolves when it is gone on this side. */
  async leave(how: 'destroy' | 'resetAndDestroy'): Promise<void> {
    if (this.socket.destroyed) return;
    const closed = once(this.socket, 'close');
    // The kernel resets no connection whose own half is closed.
    this.socket[this.socket.writableEnded ? 'destroy' : how]();
    await closed;
  }
}
