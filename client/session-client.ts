/**
 * The calls on sessions, and attaching to their terminals: all that a terminal in a page needs. Every failure is a
 * ReplError. It needs nothing but the platform: fetch and WebSocket, or what it is given instead.
 */
import type { SessionSignal, TerminalSize } from './protocol.js';
import { asRecord } from './record.js';
import { Caller, sessionPath, uploadTimeoutMs, type CallOptions } from './caller.js';
import { ReplError } from './repl-error.js';
import { parseOwnedSession, parseSession, type OwnedSession, type SessionInfo } from './session-info.js';
import { uploadBody, type RestartOptions, type StartOptions } from './start-options.js';
import { TerminalConnection } from './terminal-connection.js';
import type { TerminalListener } from './terminal-listener.js';
import { platformSocket, type MakeSocket } from './terminal-socket.js';

const aliveTimeoutMs = 3_000;

export interface SessionClientOptions {
  /** Where `/repl` is found, e.g. `https://host/app`; may have a path, and a slash at its end. */
  readonly url: string;
  /** Sent with every call, such as a token or a host's own protection against forged requests. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes websockets where the platform's own is missing, or is to send headers. */
  readonly makeSocket?: MakeSocket;
  /** Asked for an attach token before each connection to a terminal, such as from the host's server; absent, none is shown. */
  readonly attachToken?: (id: string) => string | Promise<string>;
}

export class SessionClient {
  protected readonly caller: Caller;
  readonly #makeSocket: MakeSocket;
  readonly #attachToken: SessionClientOptions['attachToken'];

  constructor({ url, headers = {}, makeSocket = platformSocket, attachToken }: SessionClientOptions) {
    this.caller = new Caller(url, headers);
    this.#makeSocket = makeSocket;
    this.#attachToken = attachToken;
  }

  /** Rejects where no runner answers: `unreachable`, or `not_a_runner` when something else does. */
  async checkAlive(options: CallOptions = {}): Promise<void> {
    const call = { method: 'GET', path: '/alive', timeoutMs: aliveTimeoutMs } as const;
    const answer = await this.caller.json(call, options).catch((error: unknown) => {
      if (error instanceof ReplError && ['unreachable', 'aborted'].includes(error.code)) throw error;
      return null;
    });
    if (asRecord(answer)?.['alive?'] !== true) throw this.caller.notARunner();
  }

  async start(start: StartOptions, options: CallOptions = {}): Promise<OwnedSession> {
    const call = { method: 'POST', path: '/repl', ...uploadBody(start), timeoutMs: uploadTimeoutMs } as const;
    return this.owned(parseOwnedSession(await this.caller.json(call, options)));
  }

  /** By either id. */
  async inspect(id: string, options: CallOptions = {}): Promise<SessionInfo> {
    return this.owned(parseSession(await this.caller.json({ method: 'GET', path: sessionPath(id) }, options)));
  }

  /** A fresh REPL in the session, with the same files or with those given. Attached terminals stay attached. */
  async restart(id: string, restart: RestartOptions = {}, options: CallOptions = {}): Promise<OwnedSession> {
    const path = `${sessionPath(id)}/restart`;
    const call = { method: 'POST', path, ...uploadBody(restart), timeoutMs: uploadTimeoutMs } as const;
    return this.owned(parseOwnedSession(await this.caller.json(call, options)));
  }

  async resize(id: string, size: TerminalSize, options: CallOptions = {}): Promise<void> {
    await this.#post(`${sessionPath(id)}/resize`, { cols: size.cols, rows: size.rows }, options);
  }

  /** Signals the terminal's foreground process group; SIGINT is what Ctrl-C does. */
  async signal(id: string, name: SessionSignal, options: CallOptions = {}): Promise<void> {
    await this.#post(`${sessionPath(id)}/signal`, { signal: name }, options);
  }

  /** Ends a session, also one that has ended by itself. */
  async end(id: string, options: CallOptions = {}): Promise<void> {
    await this.caller.call({ method: 'DELETE', path: sessionPath(id) }, options);
  }

  /** Attaches by the `id` to type, by the `viewId` to watch, or by either as the attach token says. */
  attach(id: string, listener: TerminalListener): TerminalConnection {
    const url = `${this.caller.url.replace(/^http/, 'ws')}${sessionPath(id)}`;
    const ask = this.#attachToken;
    const attachToken = ask === undefined ? null : () => ask(id);
    return new TerminalConnection({ url, makeSocket: this.#makeSocket, attachToken }, listener);
  }

  async #post(path: string, body: unknown, options: CallOptions): Promise<void> {
    const call = { method: 'POST', path, body: JSON.stringify(body), contentType: 'application/json' } as const;
    await this.caller.call(call, options);
  }

  /** What was understood of an answer; what was not comes from no runner. */
  protected owned<T>(parsed: T | null): T {
    if (parsed === null) throw this.caller.notARunner();
    return parsed;
  }
}
