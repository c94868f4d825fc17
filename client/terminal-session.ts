/**
 * One session's terminal over a repl.v1 websocket: bytes both ways, acks for what was taken, and a lost connection that is
 * resumed where it broke. Input is dropped while it could be the answer to something old: until `replayed`, and while
 * the connection is away. It knows neither the person's terminal nor the HTTP calls.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket, type RawData } from 'ws';
import { closeCodes, subprotocol, type ClientMessage } from '../src/terminal/protocol.js';
import { giveUpAfterMs, nextAttemptMs } from './backoff.js';
import { ClientError } from './client-error.js';
import type { TerminalExit } from './exit-code.js';
import { parseCloseReason, parseServerMessage, type HeardMessage } from './server-message.js';

/** Taken output is acknowledged in steps of this; the runner lets a program run 256 KiB ahead of the last ack. */
const ackStepBytes = 16 * 1024;
/** The runner pings every 20 s; a connection that was silent for longer than two of them is lost. */
const silentMs = 45_000;
const handshakeTimeoutMs = 10_000;
const abnormalClosure = 1006;
const resumable: ReadonlySet<number> = new Set([abnormalClosure, closeCodes.draining, closeCodes.not_yet]);

const closeSentences: Readonly<Record<number, string>> = {
  [closeCodes.taken_over]: 'The session was taken over by another connection.',
  [closeCodes.deleted]: 'The session was deleted.',
  [closeCodes.unauthorized]: 'The runner does not accept the token. Give it in REPL_RUNNER_API_TOKEN or --token-file.',
  [closeCodes.forbidden]: 'The runner does not let this client attach.',
  [closeCodes.unknown]: 'The runner does not know the session any more.',
  [closeCodes.expired]: 'The session reached the end of its time.',
  [closeCodes.gone]: 'The session has ended.',
  [closeCodes.sandbox_lost]: "The session's sandbox was lost.",
};

export interface TerminalListener {
  /** `taken` is to be called when the bytes are where they belong. */
  onOutput(data: Buffer, taken: () => void): void;
  /** Old output is complete: what is typed from now on reaches the REPL. */
  onReplayed(): void;
  /** Output was lost, and the screen is drawn anew. */
  onReset(): void;
  onNotice(sentence: string): void;
}

export interface TerminalPlace {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

type ConnectionEnd = { readonly exit: TerminalExit } | { readonly code: number; readonly reason: string };

export class TerminalSession {
  readonly #place: TerminalPlace;
  readonly #listener: TerminalListener;
  #socket: WebSocket | null = null;
  #epoch: string | null = null;
  /** After the last byte that came, and after the last one that was taken. */
  #received = 0;
  #taken = 0;
  #acknowledged = 0;
  /** Where the replay ends; null until that is known. What is typed before it was taken is dropped. */
  #replayEnd: number | null = null;
  #mayType = false;
  #size: { cols: number; rows: number } | null = null;
  #connected = false;

  constructor(place: TerminalPlace, listener: TerminalListener) {
    this.#place = place;
    this.#listener = listener;
  }

  /** Resolves when the REPL has ended and all its output was handed on; rejects when the session is lost. */
  async run(signal: AbortSignal): Promise<TerminalExit> {
    let lostAt: number | null = null;
    for (let attempt = 0; ; attempt += 1) {
      const end = await this.#connect(signal);
      signal.throwIfAborted();
      if ('exit' in end) return end.exit;
      if (!resumable.has(end.code)) throw new ClientError(sentenceOf(end.code, end.reason));
      if (this.#connected || lostAt === null) {
        lostAt = performance.now();
        attempt = 0;
        this.#listener.onNotice('The connection to the runner was lost; trying to resume …');
      }
      this.#connected = false;
      const wait = nextAttemptMs(attempt, performance.now() - lostAt, Math.random);
      if (wait === null) {
        throw new ClientError(
          `The connection could not be resumed within ${giveUpAfterMs / 1000} s. The session is lost.`,
        );
      }
      await delay(wait, undefined, { signal });
    }
  }

  /** Types into the REPL; false where it was dropped. */
  input(data: Buffer): boolean {
    if (!this.#mayType || this.#socket === null) return false;
    this.#socket.send(data, { binary: true });
    return true;
  }

  resize(size: { cols: number; rows: number }): void {
    this.#size = size;
    this.#tell({ type: 'resize', ...size });
  }

  #connect(signal: AbortSignal): Promise<ConnectionEnd> {
    const { url, headers } = this.#place;
    const query = this.#epoch === null ? '' : `?epoch=${encodeURIComponent(this.#epoch)}&offset=${this.#received}`;
    const socket = new WebSocket(`${url}${query}`, subprotocol, {
      headers,
      perMessageDeflate: false,
      handshakeTimeout: handshakeTimeoutMs,
    });
    this.#socket = socket;
    return new Promise((resolve) => {
      let timer = setTimeout(() => undefined, 0);
      const heard = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          socket.terminate();
        }, silentMs).unref();
      };
      const abort = (): void => {
        socket.terminate();
      };
      heard();
      signal.addEventListener('abort', abort, { once: true });
      const finish = (end: ConnectionEnd): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        this.#mayType = false;
        this.#replayEnd = null;
        resolve(end);
      };
      // 'close' follows with 1006, and the refusals that matter are close codes.
      socket.on('error', () => undefined);
      socket.on('ping', heard);
      socket.on('message', (data: RawData, isBinary: boolean) => {
        heard();
        const exit = this.#receive(toBuffer(data), isBinary);
        if (exit === null) return;
        finish({ exit });
        socket.close();
      });
      socket.on('close', (code: number, reason: Buffer) => {
        finish({ code, reason: reason.toString() });
      });
      if (signal.aborted) abort();
    });
  }

  #receive(data: Buffer, isBinary: boolean): TerminalExit | null {
    if (!isBinary) {
      const message = parseServerMessage(data.toString());
      return message === null ? null : this.#obey(message);
    }
    this.#received += data.length;
    const until = this.#received;
    const epoch = this.#epoch;
    this.#listener.onOutput(data, () => {
      if (epoch === this.#epoch) this.#take(until);
    });
    return null;
  }

  #obey(message: HeardMessage): TerminalExit | null {
    switch (message.type) {
      case 'hello':
        this.#greet(message);
        return null;
      case 'reset':
        this.#startFrom(message.offset);
        this.#listener.onReset();
        return null;
      case 'replayed':
        this.#replayEnd = message.offset;
        this.#openInput();
        return null;
      case 'warning':
        this.#listener.onNotice(`The session ends in ${Math.ceil(message.seconds)} s (${message.reason}).`);
        return null;
      case 'restarted':
        return null;
      case 'exit':
        return { exitCode: message.exit_code, signal: message.signal };
    }
  }

  #greet({ epoch, offset }: { epoch: string; offset: number }): void {
    const other = this.#epoch !== null && this.#epoch !== epoch;
    this.#connected = true;
    this.#epoch = epoch;
    if (offset !== this.#received) this.#startFrom(offset);
    this.#acknowledged = Math.min(this.#acknowledged, this.#taken);
    if (other) this.#listener.onReset();
    if (this.#size !== null) this.#tell({ type: 'resize', ...this.#size });
  }

  #startFrom(offset: number): void {
    this.#received = offset;
    this.#taken = offset;
    this.#acknowledged = offset;
  }

  #openInput(): void {
    if (this.#mayType || this.#replayEnd === null || this.#taken < this.#replayEnd) return;
    this.#mayType = true;
    this.#listener.onReplayed();
  }

  #take(until: number): void {
    if (until > this.#received) return;
    this.#taken = Math.max(this.#taken, until);
    this.#openInput();
    if (this.#taken - this.#acknowledged < ackStepBytes) return;
    this.#acknowledged = this.#taken;
    this.#tell({ type: 'ack', offset: this.#taken });
  }

  #tell(message: ClientMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message), { binary: false });
  }
}

function sentenceOf(code: number, reason: string): string {
  const said = closeSentences[code] ?? parseCloseReason(reason) ?? 'The runner closed the terminal.';
  return `${said} (${code})`;
}

function toBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
