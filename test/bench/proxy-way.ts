/** A terminal attached in one of the ways that are compared, whose program answers a key with itself and `f` with a flood. */
import type { WebSocket } from 'ws';

const ready = 'READY';
const floodBytes = 32 * 1024 * 1024;
const patienceMs = 30_000;

export const wayProgram = `
import os, tty
tty.setraw(0)
os.write(1, b'${ready.slice(0, 2)}' + b'${ready.slice(2)}')
while True:
    byte = os.read(0, 1)
    if byte == b'f':
        for _ in range(${floodBytes / 65_536}):
            os.write(1, b'y' * 65536)
    os.write(1, byte)
`;

export class ProxyWay {
  /** Of echoes, in ms. */
  readonly times: number[] = [];
  /** Of floods, in MB/s. */
  readonly rates: number[] = [];
  #onData: (data: Buffer) => void = () => undefined;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.#onData(data);
    });
  }

  /** Resolves when the program runs. */
  static async open(socket: WebSocket): Promise<ProxyWay> {
    const way = new ProxyWay(socket);
    await new Promise<void>((resolve, reject) => {
      let seen = '';
      way.#onData = (data) => {
        seen += data.toString('latin1');
        if (seen.includes(ready)) resolve();
      };
      socket.on('error', reject);
    });
    return way;
  }

  async echo(): Promise<void> {
    const since = performance.now();
    await this.#send('e', () => true);
    this.times.push(performance.now() - since);
  }

  async flood(): Promise<void> {
    const since = performance.now();
    let bytes = 0;
    await this.#send('f', (data) => {
      bytes += data.length;
      return bytes > floodBytes;
    });
    this.rates.push(bytes / 1e3 / (performance.now() - since));
  }

  #send(byte: string, isLast: (data: Buffer) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no whole answer to ${byte}`));
      }, patienceMs);
      this.#onData = (data) => {
        if (!isLast(data)) return;
        clearTimeout(timer);
        resolve();
      };
      this.socket.send(Buffer.from(byte));
    });
  }
}
