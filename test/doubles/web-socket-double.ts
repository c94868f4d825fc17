/** A websocket of the platform's shape whose other end is the test. */
import type { TerminalSocket } from '../../client/terminal-socket.js';

type Listener = (event: never) => void;

export class WebSocketDouble implements TerminalSocket {
  binaryType = 'blob';
  readyState = 1;
  readonly sent: (string | Uint8Array)[] = [];
  readonly #listeners = new Map<string, Listener[]>();

  constructor(
    readonly url: string,
    readonly subprotocols: string | string[] = [],
  ) {}

  get sentBytes(): number[] {
    return this.sent.flatMap((data) => (typeof data === 'string' ? [] : [...data]));
  }

  /** Control messages of one type that the client sent. */
  messages(type: string): Record<string, unknown>[] {
    return this.sent
      .filter((data) => typeof data === 'string')
      .map((data) => JSON.parse(data) as Record<string, unknown>)
      .filter((message) => message.type === type);
  }

  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  close(code = 1000): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#emit('close', { code, reason: '' });
  }

  control(message: Record<string, unknown>): void {
    this.#emit('message', { data: JSON.stringify(message) });
  }

  output(text: string): void {
    this.#emit('message', { data: new TextEncoder().encode(text).buffer });
  }

  #emit(type: string, event: unknown): void {
    // Listeners were registered for the event of their type.
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}
