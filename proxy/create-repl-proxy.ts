/**
 * The proxy as a host app mounts it: takes `POST /repl`, everything under `/repl/:id` and the upgrades there, asks whether
 * that is allowed, finds the replica, and passes on. Whatever either side does, errors end here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { assertAuthorized, type Authorize, type Permission, type Question } from './authorize.js';
import { findSession, hasSession } from './find-session.js';
import { Forwarder, type ForwardFailure } from './forwarder.js';
import { ProxyMetrics } from './metrics.js';
import { clientAddress } from './client-address.js';
import { ClientLimits } from './client-limits.js';
import {
  checkReplicas,
  defaultBounds,
  defaultClientLimits,
  type ProxyBounds,
  type ProxyEvent,
  type ReplProxyOptions,
} from './options.js';
import { ProxyError } from './proxy-error.js';
import { refuseUpgrade } from './refuse-upgrade.js';
import { Replicas } from './replicas.js';
import { requestIdOf } from './request-id.js';
import { routeOf, type Route } from './route.js';
import { sendError } from './send-error.js';
import { Starter, type StartPlaces } from './starter.js';
import { Watch, type Watched } from './watch.js';

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
  /** The proxy's own metrics, for the host app to show to its operators; never to a browser. */
  readonly metrics: Pick<ProxyMetrics, 'contentType' | 'text' | 'addProcess'>;
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
    metrics: proxy.metrics,
    close: () => {
      proxy.replicas.close();
      proxy.forwarder.close();
    },
  };
}

class Proxy {
  readonly replicas: Replicas;
  readonly forwarder: Forwarder;
  readonly metrics: ProxyMetrics;
  readonly #starter: Starter;
  readonly #bounds: ProxyBounds;
  readonly #clientLimits: ClientLimits;
  readonly #trustedHops: number;
  readonly #givenToken: ReplProxyOptions['apiToken'];
  readonly #authorize: Authorize;
  readonly #onEvent: (event: ProxyEvent) => void;

  constructor({ replicas, apiToken, authorize, onEvent, bounds, clientLimits, trustedHops }: ReplProxyOptions) {
    this.#bounds = { ...defaultBounds, ...bounds };
    this.#givenToken = apiToken;
    this.#trustedHops = trustedHops ?? 0;
    this.#clientLimits = new ClientLimits({ ...defaultClientLimits, ...clientLimits }, (id) => this.#isAlive(id));
    this.#authorize = authorize ?? (() => 'allowed');
    this.#onEvent = onEvent ?? (() => undefined);
    this.replicas = new Replicas({ source: replicas, ...this.#bounds });
    this.forwarder = new Forwarder(this.#bounds);
    this.metrics = new ProxyMetrics(() => ({
      replicas: this.replicas.counts,
      tunnels: this.forwarder.openTunnels,
    }));
    this.#starter = new Starter(this.#places(), this.#bounds);
  }

  request(request: IncomingMessage, response: ServerResponse, foreign: () => void): void {
    const route = routeOf(request.method ?? '', request.url ?? '');
    if (route.kind === 'foreign') {
      foreign();
      return;
    }
    const requestId = requestIdOf(request.headers['x-request-id']);
    response.setHeader('X-Request-Id', requestId);
    const action = route.kind === 'start' ? 'start' : 'call';
    const watch = this.#watch({ action, requestId, id: idOf(route) });
    response.once('close', () => {
      watch.answered(response.writableFinished ? response.statusCode : null, startedBy(response));
    });
    // A client that goes away is told by the response; without a listener either would end the process.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const refuse = (thrown: unknown): void => {
      const error = asProxyError(thrown);
      if (!response.destroyed) watch.failed(error);
      sendError(response, error);
    };
    this.#answer(route, { request, response, requestId, refuse }).catch(refuse);
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const route = routeOf(request.method ?? '', request.url ?? '');
    if (route.kind === 'foreign' || route.kind === 'start') return false;
    const requestId = requestIdOf(request.headers['x-request-id']);
    // From here on, and not only once a replica is found: clients reset at any moment.
    socket.on('error', () => socket.destroy());
    const watch = this.#watch({ action: 'attach', requestId, id: idOf(route) });
    socket.once('close', () => {
      watch.closed();
    });
    const refuse = (thrown: unknown): void => {
      const error = asProxyError(thrown);
      if (!socket.destroyed) watch.failed(error);
      refuseUpgrade(request, socket, head, error);
    };
    this.#attach(route, { request, socket, head, requestId, watch, refuse }).catch(refuse);
    return true;
  }

  async #answer(
    route: Exclude<Route, { kind: 'foreign' }>,
    { request, response, requestId, refuse }: Call,
  ): Promise<void> {
    if (route.kind === 'refused') throw new ProxyError(route.code, route.message);
    assertUnread(request);
    if (route.kind === 'start') {
      await this.#start(request, response, requestId);
      return;
    }
    const { egress } = await this.#allow(request, { id: route.id, action: 'call' });
    const additions = { apiToken: this.#apiToken, requestId, egress };
    const url = await this.#locate(route);
    if (response.destroyed) return;
    this.forwarder.call(request, response, { url, additions }, (failure) => {
      this.#failed(url, failure);
      refuse(failure.error);
    });
  }

  async #start(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    const { client, egress } = await this.#allow(request, { id: null, action: 'start' });
    const admission = await this.#clientLimits.admit(client === null ? this.#addressOf(request) : `named ${client}`);
    const additions = { apiToken: this.#apiToken, requestId, egress };
    try {
      await this.#starter.start(request, response, additions, admission.started);
    } finally {
      admission.close();
    }
  }

  #addressOf({ headers, socket: { remoteAddress } }: IncomingMessage): string {
    const given = headers['x-forwarded-for'];
    const forwardedFor = Array.isArray(given) ? given.join(',') : given;
    return clientAddress({ remoteAddress, forwardedFor }, this.#trustedHops);
  }

  /** False only for a session that has ended for certain. */
  async #isAlive(id: string): Promise<boolean> {
    const route = routeOf('GET', `/repl/${id}`);
    if (route.kind !== 'session') return false;
    const found = await this.replicas.find(route.replica);
    if (found.kind !== 'here') return found.kind === 'away';
    const asked = found.urls.map((url) => hasSession(url, { id, apiToken: this.#apiToken }, this.#bounds));
    return !(await Promise.all(asked)).every((has) => has === false);
  }

  get #apiToken(): string | null {
    return (typeof this.#givenToken === 'function' ? this.#givenToken() : this.#givenToken) ?? null;
  }

  async #attach(
    route: Extract<Route, { kind: 'session' | 'refused' }>,
    { request, socket, head, requestId, watch, refuse }: Upgrade,
  ): Promise<void> {
    if (route.kind === 'refused') throw new ProxyError(route.code, route.message);
    const { egress } = await this.#allow(request, { id: route.id, action: 'attach' });
    const url = await this.#locate(route);
    if (socket.destroyed) return;
    const additions = { apiToken: this.#apiToken, requestId, egress };
    const onOpened = (): void => {
      watch.opened();
    };
    const onFailed = (failure: ForwardFailure): void => {
      this.#failed(url, failure);
      refuse(failure.error);
    };
    this.forwarder.upgrade(request, { socket, head }, { url, additions }, { onOpened, onFailed });
  }

  async #allow(request: IncomingMessage, question: Question): Promise<Permission> {
    return await assertAuthorized(this.#authorize, request, question, this.#bounds.authorizeTimeoutMs);
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

  #watch(watched: Watched): Watch {
    return new Watch(watched, { metrics: this.metrics, onEvent: this.#onEvent });
  }

  /** The replicas as a starter sees them, each refusal of one counted. */
  #places(): StartPlaces {
    const { replicas, metrics } = this;
    return {
      candidates: () => replicas.candidates(),
      placed: (url) => {
        replicas.placed(url);
      },
      refused: (url) => {
        metrics.countPassedOver('full');
        replicas.refused(url);
      },
      failed: (url) => {
        metrics.countPassedOver('unreachable');
        replicas.failed(url);
      },
    };
  }
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly refuse: (thrown: unknown) => void;
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly requestId: string;
  readonly watch: Watch;
  readonly refuse: (thrown: unknown) => void;
}

/** The id of the session whose start a replica has answered with. */
function startedBy(response: ServerResponse): string | null {
  const location = response.getHeader('Location');
  return (typeof location === 'string' ? /^\/repl\/([^/]+)$/.exec(location)?.[1] : null) ?? null;
}

function idOf(route: Route): string | null {
  return route.kind === 'session' ? route.id : null;
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
