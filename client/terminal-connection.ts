/**
 * One session's terminal over a repl.v1 websocket: bytes both ways, acks for what was taken, and a lost connection that is
 * resumed where it broke. What is typed before old output was taken waits for that; while the connection is away it is
 * dropped. It draws nothing and makes no HTTP call.
 */
import { giveUpAfterMs, nextAttemptMs } from './backoff.js';
import { closeVerdict } from './close-verdict.js';
import { EarlyInput } from './early-input.js';
import { Heartbeat } from './heartbeat.js';
import { OutputCursor } from './output-cursor.js';
import {
  attachTokenPrefix,
  parseServerMessage,
  subprotocol,
  type ClientMessage,
  type HeardMessage,
  type SessionSignal,
  type TerminalSize,
} from './protocol.js';
import { ReplError } from './repl-error.js';
import type { ConnectionState, TerminalListener } from './terminal-listener.js';
import { openState, type MakeSocket, type TerminalSocket } from './terminal-socket.js';
import { onWake } from './wake.js';

const handshakeTimeoutMs = 10_000;
const abnormalClosure = 1006;
/** A runner takes messages of up to 1 MiB. */
const largestInputBytes = 512 * 1024;

export interface TerminalPlace {
  /** Without a query. */
  readonly url: string;
  readonly makeSocket: MakeSocket;
  /** Asked before each connection; null where no attach token is shown. */
  readonly attachToken: (() => string | Promise<string>) | null;
}

export class TerminalConnection {
  readonly #place: TerminalPlace;
  readonly #listener: TerminalListener;
  readonly #cursor = new OutputCursor();
  readonly #early = new EarlyInput();
  readonly #heartbeat: Heartbeat;
  readonly #stopWaking: () => void;
  #socket: TerminalSocket | null = null;
  /** The attempt to connect that waits for its token. */
  #asking: object | null = null;
  #state: ConnectionState = { kind: 'connecting' };
  #timer: ReturnType<typeof setTimeout> | null = null;
  #size: TerminalSize | null = null;
  #attempt = 0;
  #lostAt: number | null = null;

  /** Connects at once, or throws what `makeSocket` throws; the listener hears nothing before the caller's own turn is over. */
  constructor(place: TerminalPlace, listener: TerminalListener) {
    this.#place = place;
    this.#listener = listener;
    this.#heartbeat = new Heartbeat(
      () => {
        this.#tell({ type: 'ping', t: Date.now() });
      },
      () => {
        this.#drop();
      },
    );
    this.#connect();
    this.#stopWaking = onWake(() => {
      this.#wake();
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether what is typed now reaches the REPL. */
  get mayType(): boolean {
    return this.#cursor.mayType && this.#state.kind === 'open' && this.#state.role === 'owner';
  }

  /** Types into the REPL, once old output was taken; false where it was dropped. */
  input(data: Uint8Array): boolean {
    if (this.#comesUp) return this.#early.keep(data);
    if (!this.mayType || this.#socket?.readyState !== openState) return false;
    for (let at = 0; at < data.length; at += largestInputBytes) {
      // A copy, as the platform's socket takes no bytes of shared memory.
      this.#socket.send(new Uint8Array(data.subarray(at, at + largestInputBytes)));
    }
    return true;
  }

  /** Whether the connection is about to take input. */
  get #comesUp(): boolean {
    const { kind } = this.#state;
    return kind === 'connecting' || (kind === 'open' && this.#state.role === 'owner' && !this.#cursor.mayType);
  }

  /** Sets the terminal's size, now and after every reconnect. */
  resize(size: TerminalSize): void {
    this.#size = size;
    this.#tell({ type: 'resize', ...size });
  }

  /** Signals the foreground process group; false where there is no connection to carry it. */
  signal(name: SessionSignal): boolean {
    return this.#tell({ type: 'signal', name });
  }

  /** Connects again at once where the connection is away. */
  retry(): void {
    if (this.#state.kind !== 'waiting' && this.#state.kind !== 'lost') return;
    if (this.#state.kind === 'lost') this.#lostAt = null;
    this.#attempt = 0;
    this.#reconnect();
  }

  /** Leaves the terminal; the session goes on. */
  close(): void {
    this.#finish(null);
  }

  #wake(): void {
    if (this.#state.kind === 'open') this.#heartbeat.probe();
    else this.retry();
  }

  #reconnect(): void {
    try {
      this.#connect();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#enter({ kind: 'connecting' });
  }

  #connect(): void {
    this.#clearTimer();
    const { attachToken } = this.#place;
    if (attachToken === null) this.#open(subprotocol);
    else void this.#openWithToken(attachToken);
    this.#timer = setTimeout(() => {
      this.#drop();
    }, handshakeTimeoutMs);
  }

  async #openWithToken(ask: () => string | Promise<string>): Promise<void> {
    const attempt = {};
    this.#asking = attempt;
    try {
      // In a turn of its own, also where it throws at once.
      const token = await Promise.resolve().then(ask);
      if (this.#asking === attempt) this.#open([subprotocol, `${attachTokenPrefix}${token}`]);
    } catch (error) {
      if (this.#asking === attempt) this.#fail(error);
    }
  }

  /** What cannot be had now is a connection that fails; what is refused for good ends the terminal. */
  #fail(error: unknown): void {
    if (error instanceof ReplError && !error.retryable) this.#finish(error);
    else this.#lose(abnormalClosure, '');
  }

  #open(subprotocols: string | string[]): void {
    const socket = this.#place.makeSocket(`${this.#place.url}${this.#cursor.query}`, subprotocols);
    this.#asking = null;
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    // A socket that was given up may still speak.
    const current = (): boolean => this.#socket === socket;
    socket.addEventListener('message', ({ data }) => {
      if (current()) this.#receive(data);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      if (current()) this.#lose(code, reason);
    });
    // 'close' follows with 1006, and the refusals that matter are close codes.
    socket.addEventListener('error', () => undefined);
  }

  #receive(data: unknown): void {
    this.#heartbeat.heard();
    if (typeof data === 'string') {
      const message = parseServerMessage(data);
      if (message !== null) this.#obey(message);
    } else if (data instanceof ArrayBuffer) {
      const place = this.#cursor.receive(data.byteLength);
      this.#listener.onOutput(new Uint8Array(data), () => {
        this.#taken(place);
      });
    }
  }

  #obey(message: HeardMessage): void {
    switch (message.type) {
      case 'hello':
        this.#greet(message);
        break;
      case 'reset':
        this.#cursor.jump(message.offset);
        this.#listener.onReset?.();
        break;
      case 'replayed':
        this.#cursor.replayUntil(message.offset);
        this.#openInput();
        break;
      case 'restarted':
        this.#listener.onRestarted?.();
        break;
      case 'resized':
        this.#listener.onResized?.(message.size);
        break;
      case 'warning':
        this.#listener.onWarning?.(message.reason, message.seconds);
        break;
      case 'exit':
        this.#listener.onExit?.(message.exit);
        break;
      case 'pong':
        break;
    }
  }

  #greet({ epoch, offset, size, role }: Extract<HeardMessage, { type: 'hello' }>): void {
    this.#clearTimer();
    this.#attempt = 0;
    this.#lostAt = null;
    const anew = this.#cursor.greet(epoch, offset);
    this.#heartbeat.start();
    this.#enter({ kind: 'open', role });
    if (anew) this.#listener.onReset?.();
    this.#listener.onHello?.(size);
    if (this.#size !== null && role === 'owner') this.#tell({ type: 'resize', ...this.#size });
  }

  #taken(place: { readonly until: number; readonly jumps: number }): void {
    const acknowledge = this.#cursor.take(place);
    if (this.#state.kind !== 'open') return;
    if (acknowledge !== null) this.#tell({ type: 'ack', offset: acknowledge });
    this.#openInput();
  }

  #openInput(): void {
    if (!this.#cursor.openInput()) return;
    this.#listener.onReplayed?.();
    for (const data of this.#early.take()) this.input(data);
  }

  #tell(message: ClientMessage): boolean {
    if (this.#state.kind !== 'open' || this.#socket?.readyState !== openState) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Gives a silent connection up without waiting for its close handshake. */
  #drop(): void {
    this.#socket?.close();
    this.#lose(abnormalClosure, '');
  }

  #lose(code: number, reason: string): void {
    this.#forgetSocket();
    const error = closeVerdict(code, reason);
    if (error !== null) {
      this.#finish(error);
      return;
    }
    this.#lostAt ??= performance.now();
    const delayMs = nextAttemptMs(this.#attempt, performance.now() - this.#lostAt, Math.random);
    this.#attempt += 1;
    if (delayMs === null) {
      const message = `The connection could not be resumed within ${giveUpAfterMs / 1000} s.`;
      this.#enter({ kind: 'lost', error: new ReplError('connection_lost', message, { retryable: true }) });
      return;
    }
    this.#timer = setTimeout(() => {
      this.#reconnect();
    }, delayMs);
    this.#enter({ kind: 'waiting', delayMs });
  }

  #finish(error: ReplError | null): void {
    if (this.#state.kind === 'closed') return;
    const socket = this.#socket;
    this.#forgetSocket();
    this.#stopWaking();
    socket?.close();
    this.#enter({ kind: 'closed', error });
  }

  #forgetSocket(): void {
    this.#socket = null;
    this.#asking = null;
    this.#clearTimer();
    this.#heartbeat.stop();
    this.#cursor.disconnect();
    this.#early.take();
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #enter(state: ConnectionState): void {
    const repeated = state.kind === 'connecting' && this.#state.kind === 'connecting';
    this.#state = state;
    if (!repeated) this.#listener.onState?.(state);
  }
}
