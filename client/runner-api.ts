/**
 * The HTTP calls that the command needs: is a runner there, start a session, end one. It turns every failure into one
 * sentence with the code and what to do. It knows no terminal.
 */
import { z } from 'zod';
import { ClientError, systemCode } from './client-error.js';
import type { RunnerAddress } from './runner-address.js';

const aliveTimeoutMs = 3_000;
/** Cold starts and uploads over slow lines included. */
const startTimeoutMs = 120_000;
const endTimeoutMs = 5_000;

const startedSchema = z.object({ id: z.string().regex(/^[A-Za-z0-9.-]{1,200}$/) });
const aliveSchema = z.object({ 'alive?': z.literal(true) });
const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

const remedies: Readonly<Record<string, string>> = {
  unauthorized: 'Give its token in REPL_RUNNER_API_TOKEN or with --token-file.',
  capacity_exhausted: 'Try again in a moment.',
  draining: 'Try again in a moment.',
  language_unknown: 'Choose one with --language.',
  body_too_large: 'Give fewer or smaller files.',
  archive_too_large: 'Give fewer or smaller files.',
  sandbox_failed: 'Try again; if it stays so, look at the log of the runner.',
  internal: 'Look at the log of the runner.',
};

export interface SessionStart {
  readonly language: string;
  /** A gzipped tar, or null for an empty workspace. */
  readonly archive: Buffer | null;
  readonly startup: string | null;
  readonly size: { readonly cols: number; readonly rows: number };
}

/** One sentence, the code, and the remedy where there is one. */
export function describeRefusal(status: number, body: unknown): string {
  const parsed = errorSchema.safeParse(body);
  if (!parsed.success) return `The runner answered with status ${status}, which it does not explain.`;
  const { code, message } = parsed.data.error;
  const remedy = remedies[code];
  return `${message} (${code})${remedy === undefined ? '' : ` ${remedy}`}`;
}

export class RunnerApi {
  readonly #address: RunnerAddress;

  constructor(address: RunnerAddress) {
    this.#address = address;
  }

  /** False where nothing listens. Rejects when something else does, or when it cannot be told. */
  async isAlive(): Promise<boolean> {
    const { url } = this.#address;
    let body: unknown;
    try {
      const response = await fetch(`${url}/alive`, { signal: AbortSignal.timeout(aliveTimeoutMs) });
      body = await response.json().catch(() => null);
    } catch (error) {
      if (causeCode(error) === 'ECONNREFUSED') return false;
      throw this.#unreachable(error);
    }
    if (aliveSchema.safeParse(body).success) return true;
    throw new ClientError(`What answers at ${url} is not a repl_runner. Name another address with --url.`);
  }

  /** The id of the new session. */
  async start(start: SessionStart, signal: AbortSignal): Promise<string> {
    const body = new FormData();
    const { language, archive, startup, size } = start;
    const options = { language, terminal: size, ...(startup === null ? {} : { startup }) };
    body.append('options', new Blob([JSON.stringify(options)], { type: 'application/json' }));
    if (archive !== null)
      body.append('archive', new Blob([new Uint8Array(archive)], { type: 'application/gzip' }), 'files.tar.gz');
    const response = await this.#call('/repl', {
      method: 'POST',
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(startTimeoutMs)]),
    });
    const answer: unknown = await response.json().catch(() => null);
    if (!response.ok) throw new ClientError(describeRefusal(response.status, answer));
    const started = startedSchema.safeParse(answer);
    if (!started.success) throw new ClientError(`What answers at ${this.#address.url} is not a repl_runner.`);
    return started.data.id;
  }

  /** Ends a session, also one that has ended by itself. */
  async end(id: string): Promise<void> {
    const signal = AbortSignal.timeout(endTimeoutMs);
    const response = await this.#call(`/repl/${id}`, { method: 'DELETE', signal });
    await response.body?.cancel();
  }

  /** The websocket of a session, and the headers that it needs. */
  terminal(id: string): { url: string; headers: Record<string, string> } {
    return { url: `${this.#address.url.replace(/^http/, 'ws')}/repl/${id}`, headers: this.#headers() };
  }

  #headers(): Record<string, string> {
    const { token } = this.#address;
    return token === null ? {} : { Authorization: `Bearer ${token}` };
  }

  async #call(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.#address.url}${path}`, { ...init, headers: this.#headers() });
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #unreachable(error: unknown): ClientError {
    const timeout = error instanceof Error && error.name === 'TimeoutError';
    const why = timeout ? 'no answer in time' : causeCode(error) || 'the connection broke';
    const message = `The runner at ${this.#address.url} cannot be reached (${why}). Is it running, and the address right?`;
    return new ClientError(message, { cause: error });
  }
}

/** fetch hides the system's error in its cause. */
function causeCode(error: unknown): string {
  return error instanceof Error ? systemCode(error.cause) : '';
}
