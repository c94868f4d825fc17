/**
 * Starts sessions: reads the body once, within a bound, and offers it to replicas in the order of placement until one takes
 * it. Only what a replica cannot have acted on is offered to the next: a refused connection and a 503.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { exchange, ExchangeError } from './exchange.js';
import { maxTries, placementOrder, type Candidate } from './placement.js';
import { ProxyError } from './proxy-error.js';
import { readBody } from './read-body.js';
import { routeOf } from './route.js';
import { addedHeaders, withheldHeaders, type Additions } from './request-headers.js';

/** What a starter needs of the replicas. */
export interface StartPlaces {
  candidates(): Promise<readonly Candidate[]>;
  placed(url: string): void;
  /** It takes no session at the moment. */
  refused(url: string): void;
  failed(url: string): void;
}

export interface StartBounds {
  readonly connectTimeoutMs: number;
  /** For the whole start, the body's way included. */
  readonly startTimeoutMs: number;
  /** For one body; what is more is refused. */
  readonly maxBodyBytes: number;
  /** For the bodies of all starts under way. */
  readonly maxHeldBytes: number;
}

/** Of the connection, not of the call; and the length is that of the body as it is sent. */
const ofTheConnection = new Set([...withheldHeaders, 'connection', 'upgrade', 'transfer-encoding', 'content-length']);

export class Starter {
  readonly #places: StartPlaces;
  readonly #bounds: StartBounds;
  #heldBytes = 0;

  constructor(places: StartPlaces, bounds: StartBounds) {
    this.#places = places;
    this.#bounds = bounds;
  }

  /**
   * Resolves when the answer has been sent; `onStarted` is told of the session before, since it lives even if its client
   * does not wait for the answer. Rejects with ProxyError; a client that goes away aborts the start.
   */
  async start(
    request: IncomingMessage,
    response: ServerResponse,
    additions: Additions,
    onStarted: (id: string) => void,
  ): Promise<void> {
    const held = this.#hold(request);
    const ended = new AbortController();
    const timer = setTimeout(() => {
      ended.abort(new ProxyError('replica_timeout', 'The session could not be started in time.'));
    }, this.#bounds.startTimeoutMs);
    const left = (): void => {
      ended.abort(new ProxyError('malformed_request', 'The client has left.'));
    };
    response.once('close', left);
    try {
      const body = await Promise.race([readBody(request, this.#bounds.maxBodyBytes), aborted(ended.signal)]);
      const headers = { ...passedOn(request.headers), ...addedOf(request, additions) };
      const answer = await this.#offer({ path: request.url ?? '/repl', headers, body }, ended.signal);
      const id = startedId(answer);
      if (id !== null) onStarted(id);
      await relay(answer, response);
    } finally {
      this.#heldBytes -= held;
      clearTimeout(timer);
      response.off('close', left);
      // Ends what a replica still sends that nobody reads: a refusal, after which another one broke off.
      ended.abort();
    }
  }

  /** Reserves memory for a body whose length may not be announced. */
  #hold(request: IncomingMessage): number {
    const { maxBodyBytes, maxHeldBytes } = this.#bounds;
    const announced = Number(request.headers['content-length'] ?? maxBodyBytes);
    const bytes = Math.min(Number.isFinite(announced) ? announced : maxBodyBytes, maxBodyBytes);
    if (this.#heldBytes + bytes > maxHeldBytes) {
      throw new ProxyError('capacity_exhausted', 'Too many sessions are being started at the moment.');
    }
    this.#heldBytes += bytes;
    return bytes;
  }

  async #offer(
    { path, headers, body }: { path: string; headers: IncomingHttpHeaders; body: Buffer },
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    let refusal: IncomingMessage | null = null;
    const order = placementOrder(await this.#places.candidates(), Math.random);
    if (order.length === 0) {
      const message = 'No replica takes new sessions at the moment: each that is known is full, draining or away.';
      throw new ProxyError('capacity_exhausted', message);
    }
    for (let tried = 0; tried < maxTries; tried += 1) {
      const url = order[tried] ?? (await this.#another(order));
      signal.throwIfAborted();
      if (url === null) break;
      this.#places.placed(url);
      const { connectTimeoutMs } = this.#bounds;
      const answer = await exchange(url, { method: 'POST', path, headers, body }, { connectTimeoutMs, signal }).catch(
        (error: unknown) => this.#failed(url, error, signal),
      );
      if (answer === null) continue;
      refusal?.destroy();
      if (answer.statusCode !== 503) return answer;
      this.#places.refused(url);
      refusal = answer;
    }
    if (refusal !== null) return refusal;
    throw new ProxyError('replica_unavailable', 'No replica can be reached at the moment.');
  }

  /** One that has come up meanwhile: a full replica takes seconds to say so. */
  async #another(order: string[]): Promise<string | null> {
    const candidates = (await this.#places.candidates()).filter(({ url }) => !order.includes(url));
    const [url] = placementOrder(candidates, Math.random);
    if (url === undefined) return null;
    order.push(url);
    return url;
  }

  /** Null when the next replica may be tried. */
  #failed(url: string, error: unknown, signal: AbortSignal): null {
    signal.throwIfAborted();
    if (error instanceof ExchangeError && !error.reached) {
      this.#places.failed(url);
      return null;
    }
    throw new ProxyError('replica_failed', 'The replica broke off while it started the session.', { cause: error });
  }
}

function startedId({ statusCode, headers }: IncomingMessage): string | null {
  const route = statusCode === 201 ? routeOf('GET', headers.location ?? '') : null;
  return route?.kind === 'session' ? route.id : null;
}

function addedOf({ headers, socket }: IncomingMessage, additions: Additions): Record<string, string> {
  return addedHeaders({ headers, remoteAddress: socket.remoteAddress, encrypted: 'encrypted' in socket }, additions);
}

function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofTheConnection.has(name)));
}

async function relay(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = Object.entries(answer.headers).filter(
    ([name]) => !['connection', 'keep-alive', 'transfer-encoding'].includes(name),
  );
  response.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers));
  await pipeline(answer, response);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => {
      // Aborted by this file alone, always with a ProxyError.
      reject(signal.reason as ProxyError);
    };
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
