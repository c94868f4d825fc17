/** A websocket on a terminal, as a test sees it: everything that came, and waits for what is to come. */
import { WebSocket } from 'ws';
import { within } from '../doubles/within.js';
import { patienceMs } from './patience.js';

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

const escape = String.fromCharCode(27);
const controlSequences = new RegExp(`${escape}(?:\\[[0-9;?]*[A-Za-z]|[=>])`, 'g');

export class TerminalClient {
  readonly socket: WebSocket;
  readonly #closed: Promise<Closed>;
  readonly messages: Record<string, unknown>[] = [];
  output = Buffer.alloc(0);
  #watchers: (() => void)[] = [];
  /** In the terminal's log, after the last byte that came; known with the subprotocol. */
  #offset = 0;

  constructor(url: string, options: { subprotocol?: string | string[]; headers?: Record<string, string> } = {}) {
    this.socket = new WebSocket(url, options.subprotocol ?? [], { headers: options.headers ?? {} });
    this.socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.#take(data);
      else this.#hear(JSON.parse(data.toString()) as Record<string, unknown>);
      this.#look();
    });
    this.#closed = new Promise((resolve, reject) => {
      this.socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#look();
      });
      this.socket.on('error', reject);
    });
    this.#closed.catch(() => undefined);
  }

  /** Resolves when the socket has closed; rejects when it does not. */
  get closed(): Promise<Closed> {
    return within(() => `end of the socket; came: ${JSON.stringify(this.text.slice(-2000))}`, this.#closed);
  }

  /** The output without colours and cursor movements. */
  get text(): string {
    return this.output.toString().replace(controlSequences, '');
  }

  /** What came since the last `type`. */
  clear(): void {
    this.output = Buffer.alloc(0);
  }

  type(text: string): void {
    this.clear();
    this.socket.send(Buffer.from(text), { binary: true });
  }

  control(message: Record<string, unknown>): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Resolves when the output holds this text; rejects with what came instead. */
  async until(wanted: string | RegExp): Promise<string> {
    await this.#wait(
      () => (typeof wanted === 'string' ? this.text.includes(wanted) : wanted.test(this.text)),
      () => `${String(wanted)} did not come; came: ${JSON.stringify(this.text.slice(-2000))}`,
    );
    return this.text;
  }

  /** Resolves when these very bytes have come, at or after an index of the output. */
  async untilBytes(wanted: string, from: number): Promise<void> {
    await this.#wait(
      () => this.output.includes(wanted, from),
      () =>
        `${JSON.stringify(wanted)} did not come; came: ${JSON.stringify(this.output.subarray(from).toString().slice(-2000))}`,
    );
  }

  /** Resolves when this many bytes have come since the last `type`. */
  async untilLength(bytes: number): Promise<void> {
    await this.#wait(
      () => this.output.length >= bytes,
      () => `${bytes} bytes did not come, but ${this.output.length}`,
    );
  }

  /** From now on acknowledges what comes, as a repl.v1 owner that reads. */
  acknowledgeAll(): void {
    const acknowledge = (): void => {
      this.control({ type: 'ack', offset: this.#offset });
    };
    this.socket.on('message', (_data: Buffer, isBinary: boolean) => {
      if (isBinary) acknowledge();
    });
    acknowledge();
  }

  async untilMessage(type: string): Promise<Record<string, unknown>> {
    const find = (): Record<string, unknown> | undefined => this.messages.find((message) => message.type === type);
    await this.#wait(
      () => find() !== undefined,
      () => `no message ${type}; came: ${JSON.stringify(this.messages)}`,
    );
    return find() ?? {};
  }

  /** Types a line and resolves with what it printed, up to the next prompt. */
  async run(line: string): Promise<string> {
    this.type(`${line}\r`);
    return await this.until(/\n.*>>> $/s);
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  #take(data: Buffer): void {
    this.#offset += data.length;
    this.output = Buffer.concat([this.output, data]);
  }

  #hear(message: Record<string, unknown>): void {
    this.messages.push(message);
    if (message.type === 'hello' || message.type === 'reset') this.#offset = Number(message.offset);
  }

  #look(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  async #wait(fulfilled: () => boolean, complaint: () => string): Promise<void> {
    if (fulfilled()) return;
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        this.#watchers = this.#watchers.filter((watcher) => watcher !== look);
      };
      const look = (): void => {
        if (!fulfilled() && this.socket.readyState !== WebSocket.CLOSED) return;
        stop();
        if (fulfilled()) resolve();
        else reject(new Error(`closed; ${complaint()}`));
      };
      const timer = setTimeout(() => {
        stop();
        reject(new Error(complaint()));
      }, patienceMs);
      this.#watchers.push(look);
    });
  }
}
