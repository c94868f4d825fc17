/**
 * The way out of one session: an HTTP proxy that its programs speak to through the agent's stream. It holds every request to
 * the session's list and to its bounds, and tells what became of it, by name and never by path.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ChannelDuplex } from '../agent/channel-duplex.js';
import { TokenBuckets } from '../token-bucket.js';
import { shownEntry, type EgressEntry } from './allow-list.js';
import { dial } from './dial.js';
import { asEgressRefusal, EgressRefusal, type RefusalReason } from './egress-refusal.js';
import { forward } from './forward.js';
import type { Lookups } from './lookup.js';
import { allowedEntry, isHostOf, plainTarget, tunnelTarget, type Target } from './target.js';
import { tunnel } from './tunnel.js';

export interface EgressBounds {
  /** Connections outwards of one session at the same time. */
  readonly maxConnections: number;
  /** Bytes of one session, both directions together. */
  readonly maxBytes: number;
}

/** What became of one connection or request. */
export interface EgressFacts {
  readonly sessionId: string;
  /** `name:port` as far as it was understood, else ''. */
  readonly target: string;
  readonly outcome: 'done' | RefusalReason;
  readonly detail: string;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly ms: number;
  /** More of them than a log should hold. */
  readonly tooOften: boolean;
}

export interface EgressListener {
  onEnded(facts: EgressFacts): void;
  /** Connections outwards that came or went. */
  onConnections(change: 1 | -1): void;
  onBytes(direction: 'in' | 'out', bytes: number): void;
}

/** Of programs to the proxy; the agent holds no more either. */
const maxClients = 64;
const idleMs = 60_000;
const maxHeaderBytes = 16 * 1024;
/** Requests of one session. */
const rate = { perSecond: 20, burst: 200 };
/** Of those that are refused, how many are told one by one. */
const toldRate = { perSecond: 1, burst: 20 };

export class SessionEgress {
  readonly #sessionId: string;
  readonly #entries: readonly EgressEntry[];
  readonly #bounds: EgressBounds;
  readonly #lookups: Lookups;
  readonly #listener: EgressListener;
  readonly #clients = new Set<ChannelDuplex>();
  readonly #pace = new TokenBuckets(rate);
  readonly #told = new TokenBuckets(toldRate);
  #server: Server | null = null;
  #connections = 0;
  #bytes = 0;

  constructor(
    session: { readonly id: string; readonly entries: readonly EgressEntry[] },
    parts: { readonly bounds: EgressBounds; readonly lookups: Lookups; readonly listener: EgressListener },
  ) {
    this.#sessionId = session.id;
    this.#entries = session.entries;
    this.#bounds = parts.bounds;
    this.#lookups = parts.lookups;
    this.#listener = parts.listener;
  }

  /** A program's connection to the proxy, whatever may come on it. */
  take(client: ChannelDuplex): void {
    client.on('error', () => undefined); // it is closed then
    if (this.#entries.length === 0 || this.#clients.size >= maxClients) {
      this.#tell('', new EgressRefusal(this.#entries.length === 0 ? 'no_permission' : 'too_many'), noBytes());
      client.destroy();
      return;
    }
    this.#clients.add(client);
    const timer = setTimeout(() => client.destroy(), idleMs).unref();
    client.onBytes = (direction, bytes) => {
      timer.refresh();
      this.#count(direction, bytes);
    };
    client.once('close', () => {
      clearTimeout(timer);
      this.#clients.delete(client);
    });
    this.#proxy().emit('connection', client);
  }

  /** A server that listens nowhere: connections are given to it. */
  #proxy(): Server {
    this.#server ??= createServer({ maxHeaderSize: maxHeaderBytes, requireHostHeader: false, keepAliveTimeout: 0 })
      .on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
        void this.#onTunnel(request, client, head);
      })
      .on('request', (request: IncomingMessage, response: ServerResponse) => {
        void this.#onRequest(request, response);
      })
      .on('clientError', (_error: Error, client: Duplex) => {
        const refusal = new EgressRefusal('malformed');
        this.#tell('', refusal, noBytes());
        if (client.writable) client.end(rawAnswer(refusal));
      });
    return this.#server;
  }

  async #onTunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => undefined);
    const bytes = bytesOf(client);
    const tunnelling = { begun: false };
    const read = (): Target => tunnelTarget(request.url ?? '');
    const refusal = await this.#exchange(read, bytes, async (target, entry) => {
      const upstream = await dial(entry, this.#lookups, closed(client));
      tunnelling.begun = true;
      await tunnel(client, upstream, head, target.name);
    });
    if (refusal === null || tunnelling.begun) return;
    if (client.writable) client.end(rawAnswer(refusal));
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = bytesOf(request.socket);
    const read = (): ReturnType<typeof plainTarget> => {
      const target = plainTarget(request.url ?? '');
      const { host } = request.headers;
      if (host === undefined || isHostOf(host, target)) return target;
      throw new EgressRefusal('name_mismatch', `${shownEntry(target)} was asked for, the Host header says otherwise`);
    };
    const refusal = await this.#exchange(read, bytes, async (target, entry) => {
      const upstream = await dial(entry, this.#lookups, closed(response));
      await forward(request, response, upstream, target);
    });
    if (refusal === null) return;
    if (response.headersSent) response.destroy();
    else {
      const headers = { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' };
      response.writeHead(refusal.status, refusal.message, headers).end(body(refusal));
    }
  }

  /** One connection outwards, from what was asked for to its end; answers why there was none, or null. */
  async #exchange<Asked extends Target>(
    read: () => Asked,
    bytes: () => { in: number; out: number },
    work: (target: Asked, entry: EgressEntry) => Promise<void>,
  ): Promise<EgressRefusal | null> {
    const since = performance.now();
    let target = '';
    let entered = false;
    try {
      this.#admit();
      const asked = read();
      target = shownEntry(asked);
      const entry = allowedEntry(this.#entries, asked);
      this.#enter(1);
      entered = true;
      await work(asked, entry);
      this.#tell(target, null, bytes(), since);
      return null;
    } catch (error) {
      const refusal = asEgressRefusal(error);
      this.#tell(target, refusal, bytes(), since);
      return refusal;
    } finally {
      if (entered) this.#enter(-1);
    }
  }

  #admit(): void {
    if (this.#pace.take('', performance.now()) > 0) throw new EgressRefusal('too_fast');
    if (this.#bytes >= this.#bounds.maxBytes) throw new EgressRefusal('bytes_spent');
    if (this.#connections >= this.#bounds.maxConnections) {
      throw new EgressRefusal('too_many', `${this.#bounds.maxConnections} at the same time`);
    }
  }

  #enter(change: 1 | -1): void {
    this.#connections += change;
    this.#listener.onConnections(change);
  }

  #count(direction: 'in' | 'out', bytes: number): void {
    this.#listener.onBytes(direction, bytes);
    const before = this.#bytes;
    this.#bytes += bytes;
    if (before >= this.#bounds.maxBytes || this.#bytes < this.#bounds.maxBytes) return;
    this.#tell('', new EgressRefusal('bytes_spent'), noBytes());
    for (const client of this.#clients) client.destroy();
  }

  #tell(target: string, refusal: EgressRefusal | null, bytes: { in: number; out: number }, since?: number): void {
    const now = performance.now();
    this.#listener.onEnded({
      sessionId: this.#sessionId,
      target,
      outcome: refusal?.reason ?? 'done',
      detail: refusal?.message ?? '',
      bytesOut: bytes.out,
      bytesIn: bytes.in,
      ms: since === undefined ? 0 : now - since,
      tooOften: refusal !== null && this.#told.take('', now) > 0,
    });
  }
}

/** What has passed on this connection since now. */
function bytesOf(client: Duplex): () => { in: number; out: number } {
  const bytes = client instanceof ChannelDuplex ? client.bytes : noBytes(); // the proxy is given no other
  const before = { ...bytes };
  return () => ({ in: bytes.in - before.in, out: bytes.out - before.out });
}

function noBytes(): { in: number; out: number } {
  return { in: 0, out: 0 };
}

/** Aborts when the stream is closed, so that nothing is done for who is gone. */
function closed(stream: Duplex | ServerResponse): AbortSignal {
  const gone = new AbortController();
  stream.once('close', () => {
    gone.abort(new EgressRefusal('unreachable', 'the program has gone'));
  });
  if (stream.destroyed) gone.abort(new EgressRefusal('unreachable', 'the program has gone'));
  return gone.signal;
}

function body({ message }: EgressRefusal): string {
  return `repl_runner: ${message}\n`;
}

/** The phrase is all that many programs show of a refused CONNECT. */
function rawAnswer(refusal: EgressRefusal): string {
  const text = body(refusal);
  const head = [
    `HTTP/1.1 ${refusal.status} ${refusal.message}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${text}`;
}
