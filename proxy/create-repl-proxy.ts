/**
 * The proxy as a host app mounts it: takes `POST /repl`, everything under `/repl/:id` and the upgrades there, asks whether
 * that is allowed, finds the replica, and passes on. Whatever either side does, errors end here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { assertAuthorized, type Authorize, type Question } from './authorize.js';
import { findSession } from './find-session.js';
import { Forwarder, type ForwardFailure } from './forwarder.js';
import { checkReplicas, defaultBounds, type ProxyBounds, type ProxyEvent, type ReplProxyOptions } from './options.js';
import { ProxyError } from './proxy-error.js';
import { refuseUpgrade } from './refuse-upgrade.js';
import { Replicas } from './replicas.js';
import { requestIdOf } from './request-id.js';
import { routeOf, type Route } from './route.js';
import { sendError } from './send-error.js';
import { Starter } from './starter.js';

export interface ReplProxy {
  /** Answers a request; what is not the proxy's gets 404. */
  readonly handleRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** Takes an upgrade over. False, with nothing done, for paths that are not the proxy's. */
  readonly handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
  /** For express and its like: what is not the proxy's goes on to `next`. Mount it before anything that reads bodies. */
  readonly middleware: (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
  /** Whether a session could be started at the moment. */
  readonly ready: boolean;
  /** Upgrades under way and open terminals. */
  readonly openTunnels: number;
  /** Ends the terminals and stops looking at the replicas. */
  readonly close: () => void;
}

type SessionRoute = Extract<Route, { kind: 'session' }>;

/** Throws TypeError when an address of a replica is none. */
export function createReplProxy(options: ReplProxyOptions): ReplProxy {
  checkReplicas(options.replicas);
  const proxy = new Proxy(options);
  return {
    handleRequest: (request, response) => {
      proxy.request(request, response, () => {
        sendError(response, new ProxyError('route_unknown', 'There is no such call.'));
      });
    },
    handleUpgrade: (request, socket, head) => proxy.upgrade(request, socket, head),
    middleware: (request, response, next) => {
      proxy.request(request, response, next);
    },
    get ready() {
      return proxy.replicas.ready;
    },
    get openTunnels() {
      return proxy.forwarder.openTunnels;
    },
    close: () => {
      proxy.replicas.close();
      proxy.forwarder.close();
    },
  };
}

class Proxy {
  readonly replicas: Replicas;
  readonly forwarder: Forwarder;
  readonly #starter: Starter;
  readonly #bounds: ProxyBounds;
  readonly #apiToken: string | null;
  readonly #authorize: Authorize;
  readonly #onEvent: (event: ProxyEvent) => void;

  constructor({ replicas, apiToken, authorize, onEvent, bounds }: ReplProxyOptions) {
    this.#bounds = { ...defaultBounds, ...bounds };
    this.#apiToken = apiToken ?? null;
    this.#authorize = authorize ?? (() => 'allowed');
    this.#onEvent = onEvent ?? (() => undefined);
    this.replicas = new Replicas({ source: replicas, ...this.#bounds });
    this.forwarder = new Forwarder(this.#bounds);
    this.#starter = new Starter(this.replicas, this.#bounds);
  }

  request(request: IncomingMessage, response: ServerResponse, foreign: () => void): void {
    const route = routeOf(request.method ?? '', request.url ?? '');
    if (route.kind === 'foreign') {
      foreign();
      return;
    }
    const requestId = requestIdOf(request.headers['x-request-id']);
    response.setHeader('X-Request-Id', requestId);
    // A client that goes away is told by the response; without a listener either would end the process.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    this.#answer(route, { request, response, requestId }).catch((thrown: unknown) => {
      const error = asProxyError(thrown);
      if (!response.destroyed) this.#tell(route.kind === 'start' ? 'start-failed' : 'call-failed', requestId, error);
      sendError(response, error);
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const route = routeOf(request.method ?? '', request.url ?? '');
    if (route.kind === 'foreign' || route.kind === 'start') return false;
    const requestId = requestIdOf(request.headers['x-request-id']);
    // From here on, and not only once a replica is found: clients reset at any moment.
    socket.on('error', () => socket.destroy());
    const refuse = (thrown: unknown): void => {
      const error = asProxyError(thrown);
      if (!socket.destroyed) this.#tell('attach-failed', requestId, error);
      refuseUpgrade(request, socket, head, error);
    };
    this.#attach(route, { request, socket, head, requestId, refuse }).catch(refuse);
    return true;
  }

  async #answer(
    route: Exclude<Route, { kind: 'foreign' }>,
    { request, response, requestId }: { request: IncomingMessage; response: ServerResponse; requestId: string },
  ): Promise<void> {
    if (route.kind === 'refused') throw new ProxyError(route.code, route.message);
    assertUnread(request);
    const additions = { apiToken: this.#apiToken, requestId };
    if (route.kind === 'start') {
      await this.#allow(request, { id: null, action: 'start' });
      await this.#starter.start(request, response, additions);
      return;
    }
    await this.#allow(request, { id: route.id, action: 'call' });
    const url = await this.#locate(route);
    if (response.destroyed) return;
    this.forwarder.call(request, response, { url, additions }, (failure) => {
      this.#failed(url, failure);
      this.#tell('call-failed', requestId, failure.error);
      sendError(response, failure.error);
    });
  }

  async #attach(
    route: Extract<Route, { kind: 'session' | 'refused' }>,
    { request, socket, head, requestId, refuse }: Upgrade,
  ): Promise<void> {
    if (route.kind === 'refused') throw new ProxyError(route.code, route.message);
    await this.#allow(request, { id: route.id, action: 'attach' });
    const url = await this.#locate(route);
    if (socket.destroyed) return;
    const additions = { apiToken: this.#apiToken, requestId };
    this.forwarder.upgrade(request, { socket, head }, { url, additions }, (failure) => {
      this.#failed(url, failure);
      refuse(failure.error);
    });
  }

  async #allow(request: IncomingMessage, question: Question): Promise<void> {
    await assertAuthorized(this.#authorize, request, question, this.#bounds.authorizeTimeoutMs);
  }

  async #locate({ id, replica }: SessionRoute): Promise<string> {
    const found = await this.replicas.find(replica);
    const [url, ...others] = found.kind === 'here' ? found.urls : [];
    if (url !== undefined) {
      if (others.length === 0) return url;
      return await findSession([url, ...others], { id, apiToken: this.#apiToken }, this.#bounds);
    }
    if (found.kind === 'gone') throw new ProxyError('session_ended', 'The replica of this session is gone.');
    throw new ProxyError('replica_unavailable', 'The replica of this session is away at the moment.');
  }

  #failed(url: string, { reached }: ForwardFailure): void {
    if (!reached) this.replicas.failed(url);
  }

  #tell(name: ProxyEvent['name'], requestId: string, { code, cause }: ProxyError): void {
    this.#onEvent({ name, requestId, code, cause });
  }
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly requestId: string;
  readonly refuse: (thrown: unknown) => void;
}

function asProxyError(thrown: unknown): ProxyError {
  if (thrown instanceof ProxyError) return thrown;
  return new ProxyError('internal', 'Something went wrong in the proxy.', { cause: thrown });
}

/** A body that something else has read cannot be passed on; the call would wait for it forever. */
function assertUnread(request: IncomingMessage): void {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  const hasBody = length !== '0' || encoding !== undefined;
  if (!hasBody || !request.readableEnded) return;
  throw new ProxyError('internal', 'The body was read before the proxy: mount the proxy before body parsers.');
}
