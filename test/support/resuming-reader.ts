/**
 * A repl.v1 owner that reads, acknowledges, is cut off and resumes: it hands every byte on once, and complains of a gap, a
 * repeat, a reset or another epoch.
 */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { patienceMs } from './patience.js';

const ackStepBytes = 32 * 1024;

interface Hello {
  readonly type: string;
  readonly epoch: string;
  readonly offset: number;
}

export class ResumingReader {
  offset = 0;
  #epoch: string | null = null;
  #acknowledged = 0;
  #socket: WebSocket | null = null;
  readonly #onData: (data: Buffer) => void;
  #watchers: (() => void)[] = [];
  #fault: Error | null = null;

  constructor(onData: (data: Buffer) => void) {
    this.#onData = onData;
  }

  /** Attaches where it left off; resolves with the close code where the runner does not let it. */
  async attach(url: string): Promise<number | null> {
    const query = this.#epoch === null ? '' : `?epoch=${this.#epoch}&offset=${this.offset}`;
    const socket = new WebSocket(url.replace('http', 'ws') + query, 'repl.v1');
    this.#socket = socket;
    return await new Promise((resolve) => {
      socket.on('error', () => undefined);
      socket.on('close', (code) => {
        resolve(code);
        this.#look();
      });
      socket.on('message', (data: Buffer, isBinary: boolean) => {
        if (socket !== this.#socket) return;
        if (isBinary) this.#take(data);
        else
          this.#hear(JSON.parse(data.toString()) as Hello, () => {
            resolve(null);
          });
        this.#look();
      });
    });
  }

  type(text: string): void {
    this.#socket?.send(Buffer.from(text), { binary: true });
  }

  /** Resolves when this offset, or what `met` says, is reached. */
  async until(met: () => boolean): Promise<void> {
    const timer = setTimeout(() => {
      this.#fail('nothing more comes');
    }, patienceMs);
    try {
      while (!met()) {
        if (this.#fault !== null) throw this.#fault;
        await new Promise<void>((resolve) => {
          this.#watchers.push(resolve);
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Goes away, politely or as a cable that was pulled. What had been received is all that counts. */
  async detach(politely: boolean): Promise<void> {
    const socket = this.#socket;
    if (socket === null || socket.readyState === WebSocket.CLOSED) return;
    this.#socket = null;
    const closed = once(socket, 'close');
    if (politely) socket.close();
    else socket.terminate();
    await closed;
  }

  #hear({ type, epoch, offset }: Hello, greeted: () => void): void {
    if (type === 'hello') {
      if (this.#epoch !== null && epoch !== this.#epoch) this.#fail(`another epoch: ${epoch}`);
      if (this.#epoch !== null && offset !== this.offset) this.#fail(`resumed at ${offset}, not at ${this.offset}`);
      this.#epoch = epoch;
      this.offset = offset;
      greeted();
    } else if (type === 'reset') {
      this.#fail(`reset to ${offset} at ${this.offset}`);
    }
  }

  #take(data: Buffer): void {
    this.offset += data.length;
    this.#onData(data);
    if (this.offset - this.#acknowledged < ackStepBytes) return;
    this.#acknowledged = this.offset;
    this.#socket?.send(JSON.stringify({ type: 'ack', offset: this.offset }));
  }

  #fail(reason: string): void {
    this.#fault ??= new Error(`${reason} (offset ${this.offset})`);
    this.#look();
  }

  #look(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}
