/**
 * The client of a runner, or of a host app's proxy in front of one: the calls on sessions, and attaching to their
 * terminals. Every failure is a ReplError. It needs nothing but the platform: fetch and WebSocket, or what it is given
 * instead.
 */
import type { SessionSignal, TerminalSize } from './protocol.js';
import { asRecord } from './record.js';
import { refusalOf } from './refusal.js';
import { ReplError } from './repl-error.js';
import { parseSession, type SessionInfo } from './session-info.js';
import { uploadBody, type RestartOptions, type StartOptions } from './start-options.js';
import { TerminalConnection } from './terminal-connection.js';
import type { TerminalListener } from './terminal-listener.js';
import { platformSocket, type MakeSocket } from './terminal-socket.js';

/** Cold starts and uploads over slow lines included. */
const uploadTimeoutMs = 120_000;
const callTimeoutMs = 10_000;
const aliveTimeoutMs = 3_000;

export interface ReplClientOptions {
  /** Where `/repl` is found, e.g. `https://host/app`; may have a path, and a slash at its end. */
  readonly url: string;
  /** Sent with every call, such as a token or a host's own protection against forged requests. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes websockets where the platform's own is missing, or is to send headers. */
  readonly makeSocket?: MakeSocket;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: string | FormData;
  readonly contentType?: string;
  readonly timeoutMs?: number;
}

/** A session that this client owns: its id is known. */
export type OwnedSession = SessionInfo & { readonly id: string };

export class ReplClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #makeSocket: MakeSocket;

  constructor({ url, headers = {}, makeSocket = platformSocket }: ReplClientOptions) {
    this.#url = url.replace(/\/+$/, '');
    this.#headers = headers;
    this.#makeSocket = makeSocket;
  }

  /** Rejects where no runner answers: `unreachable`, or `not_a_runner` when something else does. */
  async checkAlive(options: CallOptions = {}): Promise<void> {
    const call = { method: 'GET', path: '/alive', timeoutMs: aliveTimeoutMs } as const;
    const answer = await this.#json(call, options).catch((error: unknown) => {
      if (error instanceof ReplError && ['unreachable', 'aborted'].includes(error.code)) throw error;
      return null;
    });
    if (asRecord(answer)?.['alive?'] !== true) throw this.#notARunner();
  }

  async start(start: StartOptions, options: CallOptions = {}): Promise<OwnedSession> {
    const call = { method: 'POST', path: '/repl', ...uploadBody(start), timeoutMs: uploadTimeoutMs } as const;
    return this.#owned(parseSession(await this.#json(call, options)));
  }

  /** By either id. */
  async inspect(id: string, options: CallOptions = {}): Promise<SessionInfo> {
    const session = parseSession(await this.#json({ method: 'GET', path: pathOf(id) }, options));
    if (session === null) throw this.#notARunner();
    return session;
  }

  /** A fresh REPL in the session, with the same files or with those given. Attached terminals stay attached. */
  async restart(id: string, restart: RestartOptions = {}, options: CallOptions = {}): Promise<OwnedSession> {
    const path = `${pathOf(id)}/restart`;
    const call = { method: 'POST', path, ...uploadBody(restart), timeoutMs: uploadTimeoutMs } as const;
    return this.#owned(parseSession(await this.#json(call, options)));
  }

  async resize(id: string, size: TerminalSize, options: CallOptions = {}): Promise<void> {
    await this.#post(`${pathOf(id)}/resize`, { cols: size.cols, rows: size.rows }, options);
  }

  /** Signals the terminal's foreground process group; SIGINT is what Ctrl-C does. */
  async signal(id: string, name: SessionSignal, options: CallOptions = {}): Promise<void> {
    await this.#post(`${pathOf(id)}/signal`, { signal: name }, options);
  }

  /** Ends a session, also one that has ended by itself. */
  async end(id: string, options: CallOptions = {}): Promise<void> {
    await this.#call({ method: 'DELETE', path: pathOf(id) }, options);
  }

  /** Attaches by the `id` to type, by the `viewId` to watch. */
  attach(id: string, listener: TerminalListener): TerminalConnection {
    const url = `${this.#url.replace(/^http/, 'ws')}${pathOf(id)}`;
    return new TerminalConnection({ url, makeSocket: this.#makeSocket }, listener);
  }

  async #post(path: string, body: unknown, options: CallOptions): Promise<void> {
    await this.#call({ method: 'POST', path, body: JSON.stringify(body), contentType: 'application/json' }, options);
  }

  async #json(call: Call, options: CallOptions): Promise<unknown> {
    const response = await this.#call(call, options);
    return await response.json().catch(() => null);
  }

  async #call({ method, path, body, contentType, timeoutMs = callTimeoutMs }: Call, { signal }: CallOptions) {
    const headers = { ...this.#headers, ...(contentType === undefined ? {} : { 'Content-Type': contentType }) };
    const timeout = AbortSignal.timeout(timeoutMs);
    const init = { method, headers, signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) };
    let response: Response;
    try {
      response = await fetch(`${this.#url}${path}`, body === undefined ? init : { ...init, body });
    } catch (error) {
      throw signal?.aborted === true
        ? new ReplError('aborted', 'The call was broken off.', { cause: error })
        : this.#unreachable(timeout.aborted ? 'no answer in time' : reasonOf(error), error);
    }
    if (response.ok) return response;
    const answer: unknown = await response.json().catch(() => null);
    throw refusalOf(response.status, answer, response.headers.get('Retry-After'));
  }

  #owned(session: SessionInfo | null): OwnedSession {
    if (session === null) throw this.#notARunner();
    const { id } = session;
    if (id === null) throw this.#notARunner();
    return { ...session, id };
  }

  #notARunner(): ReplError {
    return new ReplError('not_a_runner', `What answers at ${this.#url} is not a repl_runner.`);
  }

  #unreachable(why: string, cause: unknown): ReplError {
    return new ReplError('unreachable', `The runner at ${this.#url} cannot be reached (${why}).`, {
      retryable: true,
      cause,
    });
  }
}

function pathOf(id: string): string {
  return `/repl/${encodeURIComponent(id)}`;
}

/** Node hides the system's error in the cause; browsers tell nothing. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? asRecord(error.cause) : null;
  return typeof cause?.code === 'string' ? cause.code : 'the connection broke';
}
