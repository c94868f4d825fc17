/**
 * Passes calls and upgrades on to one replica: the only file that knows http-proxy-3, and the one that makes up for what it
 * leaves open. Which replica, and whether at all, is decided before.
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ProxyServer, type ServerOptions } from 'http-proxy-3';
import { boundAnswer, AnswerTimeoutError } from './bound-answer.js';
import { boundConnect } from './bound-connect.js';
import { connectionAfter, drainOnceAnswered } from './early-answer.js';
import { ProxyError } from './proxy-error.js';
import { addedHeaders, withheldHeaders, type Additions } from './request-headers.js';
import { UpgradeGuard, UpgradeTimeoutError, type UpgradeBounds } from './upgrade-guard.js';

export interface ForwardBounds extends UpgradeBounds {
  readonly connectTimeoutMs: number;
  /** How long a replica may be silent during a call. */
  readonly answerTimeoutMs: number;
}

/** What went wrong, and whether the replica can have seen anything of the request. */
export interface ForwardFailure {
  readonly error: ProxyError;
  readonly reached: boolean;
}

/** Errors of a connection that did not come about. */
const unreached = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ECONNTIMEOUT']);

export class Forwarder {
  readonly #bounds: ForwardBounds;
  readonly #proxy: ProxyServer;
  readonly #guards = new Set<UpgradeGuard>();
  /** Finds the guard of an upgrade again in http-proxy-3's events. */
  readonly #pending = new WeakMap<IncomingMessage, UpgradeGuard>();

  constructor(bounds: ForwardBounds) {
    this.#bounds = bounds;
    // toProxy leaves the path as it came: made "normal", it could lead out of the session's.
    this.#proxy = new ProxyServer({ toProxy: true, changeOrigin: true });
    // Errors of both sides come here as well as to the callbacks, and would be thrown if nobody listened.
    this.#proxy.on('error', () => undefined);
    this.#proxy.on('proxyReq', (sent, request, response) => {
      boundConnect(sent, bounds.connectTimeoutMs);
      boundAnswer(sent, bounds.answerTimeoutMs);
      // It has answered and may read no further; what waits to be sent would keep the connection.
      response.once('finish', () => {
        if (!request.complete) sent.destroy();
      });
    });
    this.#proxy.on('proxyRes', onAnswer);
    this.#proxy.on('proxyReqWs', (sent: ClientRequest, request: IncomingMessage) => {
      boundConnect(sent, bounds.connectTimeoutMs);
      this.#pending.get(request)?.watch(sent);
    });
  }

  /** Upgrades under way and open tunnels. */
  get openTunnels(): number {
    return this.#guards.size;
  }

  call(
    request: IncomingMessage,
    response: ServerResponse,
    to: { url: string; additions: Additions },
    onFailed: (failure: ForwardFailure) => void,
  ): void {
    const options = this.#options(request, to);
    withhold(request, [...withheldHeaders, 'upgrade']);
    this.#proxy.web(
      request,
      response,
      { ...options, headers: { ...options.headers, connection: 'close' } },
      (error) => {
        // A replica that has answered may close its connection on the rest of the body.
        if (!response.destroyed && !response.writableEnded) onFailed(failureOf(error));
      },
    );
  }

  upgrade(
    request: IncomingMessage,
    { socket, head }: { socket: Duplex; head: Buffer },
    to: { url: string; additions: Additions },
    { onOpened, onFailed }: { onOpened: () => void; onFailed: (failure: ForwardFailure) => void },
  ): void {
    const guard = new UpgradeGuard(socket, this.#bounds, onOpened);
    this.#guards.add(guard);
    socket.once('close', () => this.#guards.delete(guard));
    this.#pending.set(request, guard);
    const options = this.#options(request, to);
    withhold(request, withheldHeaders);
    this.#proxy.ws(request, socket, head, options, (error) => {
      if (!guard.answered && !socket.destroyed) onFailed(failureOf(error));
    });
  }

  /** Ends every tunnel. */
  close(): void {
    for (const guard of this.#guards) guard.destroy();
  }

  #options(request: IncomingMessage, { url, additions }: { url: string; additions: Additions }): ServerOptions {
    const { headers, socket } = request;
    const origin = { headers, remoteAddress: socket.remoteAddress, encrypted: 'encrypted' in socket };
    return { target: url, headers: addedHeaders(origin, additions) };
  }
}

/** http-proxy-3 copies what the request has, so that it must not have them; what the host logs of it loses only secrets. */
function withhold(request: IncomingMessage, names: readonly string[]): void {
  for (const name of names) Reflect.deleteProperty(request.headers, name);
}

/** The connection to the client is another one than that to the replica; an answer that breaks off must not look whole. */
function onAnswer(answer: IncomingMessage, request: IncomingMessage, response: ServerResponse): void {
  answer.headers.connection = connectionAfter(request);
  drainOnceAnswered(request, response);
  delete answer.headers['keep-alive'];
  answer.on('error', () => undefined);
  answer.once('close', () => {
    if (!answer.complete) response.destroy();
  });
}

function failureOf(error: Error): ForwardFailure {
  const code = 'code' in error ? String(error.code) : '';
  if (unreached.has(code)) {
    const message = 'The replica of this session cannot be reached at the moment.';
    return { error: new ProxyError('replica_unavailable', message, { cause: error }), reached: false };
  }
  if (error instanceof UpgradeTimeoutError || error instanceof AnswerTimeoutError) {
    return {
      error: new ProxyError('replica_timeout', 'The replica does not answer.', { cause: error }),
      reached: true,
    };
  }
  return { error: new ProxyError('replica_failed', 'The replica broke off.', { cause: error }), reached: true };
}
