/**
 * One HTTP call of the client: its address, headers, time limit, and every failure as a ReplError. It knows no call by name.
 */
import { asRecord } from './record.js';
import { refusalOf } from './refusal.js';
import { ReplError } from './repl-error.js';

const callTimeoutMs = 10_000;
/** Cold starts and transfers over slow lines included. */
export const uploadTimeoutMs = 120_000;

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: string | FormData | Blob;
  readonly contentType?: string;
  readonly accept?: string;
  readonly timeoutMs?: number;
}

export class Caller {
  readonly url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.url = url.replace(/\/+$/, '');
    this.#headers = headers;
  }

  /** Null where the answer is no JSON. */
  async json(call: Call, options: CallOptions): Promise<unknown> {
    const octets = await this.octets(call, options);
    try {
      return JSON.parse(new TextDecoder().decode(octets));
    } catch {
      return null;
    }
  }

  /** The whole body as it is. */
  async octets(call: Call, options: CallOptions): Promise<Uint8Array> {
    const response = await this.call(call, options);
    try {
      return new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      throw options.signal?.aborted === true ? aborted(error) : this.#unreachable('the answer broke off', error);
    }
  }

  async call(
    { method, path, body, contentType, accept, timeoutMs = callTimeoutMs }: Call,
    { signal }: CallOptions,
  ): Promise<Response> {
    const headers = {
      ...this.#headers,
      ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
      ...(accept === undefined ? {} : { Accept: accept }),
    };
    const timeout = AbortSignal.timeout(timeoutMs);
    const init = { method, headers, signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) };
    let response: Response;
    try {
      response = await fetch(`${this.url}${path}`, body === undefined ? init : { ...init, body });
    } catch (error) {
      throw signal?.aborted === true
        ? aborted(error)
        : this.#unreachable(timeout.aborted ? 'no answer in time' : reasonOf(error), error);
    }
    if (response.ok) return response;
    const answer: unknown = await response.json().catch(() => null);
    throw refusalOf(response.status, answer, response.headers.get('Retry-After'));
  }

  notARunner(): ReplError {
    return new ReplError('not_a_runner', `What answers at ${this.url} is not a repl_runner.`);
  }

  #unreachable(why: string, cause: unknown): ReplError {
    return new ReplError('unreachable', `The runner at ${this.url} cannot be reached (${why}).`, {
      retryable: true,
      cause,
    });
  }
}

function aborted(cause: unknown): ReplError {
  return new ReplError('aborted', 'The call was broken off.', { cause });
}

/** The address of a session, by either id. */
export function sessionPath(id: string): string {
  return `/repl/${encodeURIComponent(id)}`;
}

/** Node hides the system's error in the cause; browsers tell nothing. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? asRecord(error.cause) : null;
  return typeof cause?.code === 'string' ? cause.code : 'the connection broke';
}
