/**
 * A session's terminal from the command's view: attached until its REPL ends. It says in a sentence when the connection
 * breaks, and rejects when the session is lost.
 */
import type { TerminalExit, TerminalSize } from '../protocol.js';
import type { ReplClient } from '../repl-client.js';
import type { TerminalConnection } from '../terminal-connection.js';
import type { ConnectionState } from '../terminal-listener.js';
import { clientFailure } from './client-failure.js';

export interface TerminalPlace {
  readonly client: ReplClient;
  readonly id: string;
}

export interface RunListener {
  /** `taken` is to be called when the bytes are where they belong. */
  onOutput(data: Uint8Array, taken: () => void): void;
  /** Old output is complete: what is typed from now on reaches the REPL. */
  onReplayed(): void;
  /** Output was lost, and the screen is drawn anew. */
  onReset(): void;
  onNotice(sentence: string): void;
}

export class TerminalRun {
  readonly #connection: TerminalConnection;
  readonly #listener: RunListener;
  readonly #ended: Promise<TerminalExit>;
  #settle: { resolve: (exit: TerminalExit) => void; reject: (reason: unknown) => void } | null = null;
  #away = false;

  constructor({ client, id }: TerminalPlace, listener: RunListener) {
    this.#listener = listener;
    this.#ended = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#ended.catch(() => undefined);
    this.#connection = client.attach(id, {
      onOutput: (data, taken) => {
        listener.onOutput(data, taken);
      },
      onReplayed: () => {
        listener.onReplayed();
      },
      onReset: () => {
        listener.onReset();
      },
      onWarning: (reason, seconds) => {
        listener.onNotice(`The session ends in ${Math.ceil(seconds)} s (${reason}).`);
      },
      onExit: (exit) => this.#settle?.resolve(exit),
      onState: (state) => {
        this.#follow(state);
      },
    });
  }

  /** Resolves when the REPL has ended and all its output was handed on; rejects when the session is lost. */
  async untilExit(signal: AbortSignal): Promise<TerminalExit> {
    const abort = (): void => this.#settle?.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      return await this.#ended;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#connection.close();
    }
  }

  /** Whether what is typed now goes out now. */
  get mayType(): boolean {
    return this.#connection.mayType;
  }

  /** Types into the REPL, once old output was taken; false where it was dropped. */
  input(data: Uint8Array): boolean {
    return this.#connection.input(data);
  }

  resize(size: TerminalSize): void {
    this.#connection.resize(size);
  }

  #follow(state: ConnectionState): void {
    if (state.kind === 'open') this.#away = false;
    if (state.kind === 'waiting' && !this.#away) {
      this.#away = true;
      this.#listener.onNotice('The connection to the runner was lost; trying to resume …');
    }
    const error = state.kind === 'lost' || state.kind === 'closed' ? state.error : null;
    if (error !== null) this.#settle?.reject(clientFailure(error));
  }
}
