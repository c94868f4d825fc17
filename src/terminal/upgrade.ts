/**
 * The websocket end of terminals, and the only file that knows ws: upgrades of `/repl/:id`, who may attach, heartbeats,
 * frames to and from an Attachment. Who may is decided before the upgrade; a refusal that a person must learn of is an
 * accepted socket that does nothing but close with 44xx, since browsers hide the status of a refused upgrade.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import { RunnerError } from '../errors.js';
import type { Session } from '../session/session.js';
import type { Sessions } from '../session/sessions.js';
import type { AttachRole, AttachVerdict } from './attach-token.js';
import type { Attachment, AttachmentSocket } from './attachment.js';
import {
  closeCodes,
  maxInboundBytes,
  parseClientMessage,
  rawSubprotocol,
  subprotocol,
  type ClientMessage,
  type CloseReason,
  type ServerMessage,
} from './protocol.js';
import { Rota } from './rota.js';

/** How often each socket is pinged, and after how long without a word from it it counts as dead. */
export interface Heartbeat {
  readonly pingIntervalMs: number;
  readonly deadAfterMs: number;
}
const defaultHeartbeat: Heartbeat = { pingIntervalMs: 20_000, deadAfterMs: 45_000 };
/** Within an interval each socket has its turn, a part of them at a time. */
const heartbeatParts = 50;
const keepAliveMs = 20_000;
/** A close handshake that the other side does not finish is cut. */
const closeTimeoutMs = 5_000;

/** What others are told of websockets: logs and metrics. */
export interface UpgradeListener {
  /** A terminal is attached; answers who is to be told of its end, with the code that the socket closed with. */
  onAttached(request: IncomingMessage, session: Session, role: 'owner' | 'viewer'): (code: number) => void;
  /** The socket was accepted only to be closed with this reason. */
  onRefused(request: IncomingMessage, reason: CloseReason): void;
  /** This side closes a socket. */
  onClosing(reason: CloseReason): void;
  /** Terminal bytes have passed. */
  onBytes(direction: 'in' | 'out', bytes: number): void;
}

export interface UpgradeOptions {
  readonly sessions: Pick<Sessions, 'find'>;
  /** Whether the request may talk to this runner at all. */
  authorized(request: IncomingMessage): boolean;
  /** Whether a page of the request's origin may do so. */
  originAllowed(request: IncomingMessage): boolean;
  /** Whether it may open the terminal of this id, and as whom. */
  attachVerdict(request: IncomingMessage, id: string): AttachVerdict;
  readonly listener: UpgradeListener;
  readonly heartbeat?: Heartbeat;
}

interface Query {
  readonly size: { cols: number; rows: number } | null;
  readonly epoch: string | null;
  readonly offset: number | null;
}

/** What is to become of an upgrade; the role is null where the id decides. */
type Admission =
  | { readonly kind: 'admitted'; readonly role: AttachRole | null }
  | { readonly kind: 'refused'; readonly reason: CloseReason; readonly message: string };

/** Serves websockets on an HTTP server; `close` ends them all. */
export class TerminalUpgrade {
  readonly #options: UpgradeOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: maxInboundBytes,
    perMessageDeflate: false,
    // Never an attach token, which is offered beside them.
    handleProtocols: (offered) => [subprotocol, rawSubprotocol].find((name) => offered.has(name)) ?? false,
  });
  readonly #heartbeat: NodeJS.Timeout;
  readonly #connections = new Rota<Connection>(heartbeatParts);

  constructor(server: Server, options: UpgradeOptions) {
    this.#options = options;
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(request, socket, head);
    });
    const { pingIntervalMs, deadAfterMs } = options.heartbeat ?? defaultHeartbeat;
    // A beat comes late by at most an interval; half of one keeps the promise on average.
    const silentMs = deadAfterMs - pingIntervalMs / 2;
    this.#heartbeat = setInterval(() => {
      for (const connection of this.#connections.next()) connection.beat(silentMs);
    }, pingIntervalMs / heartbeatParts).unref();
  }

  get openSockets(): number {
    return this.#connections.size;
  }

  close(): void {
    clearInterval(this.#heartbeat);
    this.#server.close();
    for (const client of this.#server.clients) client.terminate();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {
      socket.destroy();
    });
    const [path, search] = (request.url ?? '').split('?', 2);
    const id = /^\/repl\/([A-Za-z0-9.-]{1,200})$/.exec(path ?? '')?.[1];
    if (id === undefined) {
      // Nobody reads from this socket any more, so that its client's end of it would never be noticed.
      socket.once('finish', () => {
        socket.destroy();
      });
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    // While a socket is paused, since the program does not read what was typed, the kernel alone notices a dead peer.
    request.socket.setKeepAlive(true, keepAliveMs);
    const admission = this.#admit(request, id);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#accept(webSocket, request, { id, admission, query: parseQuery(new URLSearchParams(search)) });
    });
  }

  #admit(request: IncomingMessage, id: string): Admission {
    if (!this.#options.authorized(request)) {
      return { kind: 'refused', reason: 'unauthorized', message: 'The runner needs its API token.' };
    }
    if (!this.#options.originAllowed(request)) {
      return { kind: 'refused', reason: 'forbidden', message: 'This origin may not attach.' };
    }
    const verdict = this.#options.attachVerdict(request, id);
    if (verdict.kind === 'refused') return { kind: 'refused', reason: 'unauthorized', message: verdict.message };
    return { kind: 'admitted', role: verdict.role };
  }

  #accept(
    webSocket: WebSocket,
    request: IncomingMessage,
    { id, admission, query }: { id: string; admission: Admission; query: Query },
  ): void {
    const { listener } = this.#options;
    const connection = new Connection(webSocket, listener);
    webSocket.on('close', this.#connections.add(connection));
    const refuse = (reason: CloseReason, message: string): void => {
      listener.onRefused(request, reason);
      connection.close(reason, { message });
    };
    if (admission.kind === 'refused') {
      refuse(admission.reason, admission.message);
      return;
    }
    try {
      const { session, role: roleOfId } = this.#options.sessions.find(id);
      const role = admission.role ?? roleOfId;
      webSocket.on('close', listener.onAttached(request, session, role));
      connection.attach(session, role, query);
    } catch (error) {
      const code = error instanceof RunnerError ? error.code : null;
      if (code === 'session_ended') refuse('gone', 'The session has ended.');
      else if (code === 'draining') refuse('draining', 'The session moves to another replica.');
      else refuse('unknown', 'No such session.');
    }
  }
}

/** One websocket: the socket of an Attachment, and the way of its messages to the session. */
class Connection implements AttachmentSocket {
  readonly #socket: WebSocket;
  readonly #listener: UpgradeListener;
  #session: Session | null = null;
  #attachment: Attachment | null = null;
  #heardAt = performance.now();
  #paused = false;
  /** Set once the socket is closing: nothing that comes is obeyed any more. */
  #cut: NodeJS.Timeout | null = null;

  constructor(socket: WebSocket, listener: UpgradeListener) {
    this.#socket = socket;
    this.#listener = listener;
    // ws has begun to close by then; a socket that was cut at once would lose the word of why, such as 1009.
    socket.on('error', () => {
      this.#cutSoon();
    });
    socket.on('pong', () => {
      this.#heardAt = performance.now();
    });
    socket.on('message', (data: RawData, isBinary: boolean) => {
      this.#heardAt = performance.now();
      this.#receive(toBuffer(data), isBinary);
    });
    socket.on('close', () => {
      if (this.#cut !== null) clearTimeout(this.#cut);
      if (this.#session !== null && this.#attachment !== null) this.#session.terminal.detach(this.#attachment);
    });
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  attach(session: Session, role: 'owner' | 'viewer', query: Query): void {
    const { terminal } = session;
    const resume = query.epoch === terminal.epoch ? query.offset : null;
    const controlled = this.#socket.protocol === subprotocol;
    this.#session = session;
    this.#attachment = terminal.attach(this, { role, controlled, resume });
    if (role === 'owner' && query.size !== null) void session.resize(query.size).catch(() => undefined);
  }

  send(data: Buffer): void {
    this.#listener.onBytes('out', data.length);
    this.#socket.send(data, { binary: true }, () => {
      const attachment = this.#attachment;
      if (attachment !== null) this.#session?.terminal.onDrained(attachment);
    });
  }

  sendControl(message: ServerMessage): void {
    this.#socket.send(JSON.stringify(message), { binary: false });
  }

  close(reason: CloseReason, details: Readonly<Record<string, unknown>>): void {
    if (this.#paused) this.#socket.resume();
    if (this.#cut === null) this.#listener.onClosing(reason);
    this.#socket.close(closeCodes[reason], JSON.stringify({ reason, ...details }).slice(0, 120));
    this.#cutSoon();
  }

  /** Pings, and gives up a peer that was silent for so long; a socket that is paused by us cannot answer. */
  beat(silentMs: number): void {
    if (this.#paused) {
      this.#heardAt = performance.now();
      return;
    }
    if (performance.now() - this.#heardAt > silentMs) this.#socket.terminate();
    else if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  #cutSoon(): void {
    this.#cut ??= setTimeout(() => {
      this.#socket.terminate();
    }, closeTimeoutMs).unref();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    const session = this.#session;
    const attachment = this.#attachment;
    if (session === null || attachment === null || this.#cut !== null) return;
    this.#listener.onBytes('in', data.length);
    if (attachment.controlled && !isBinary) {
      const message = parseClientMessage(data.toString());
      if (message === null) this.close('malformed', { message: 'That is no control message of repl.v1.' });
      else this.#obey(message, session, attachment);
      return;
    }
    if (attachment.role === 'viewer') return;
    if (session.terminal.input(data)) return;
    this.#paused = true;
    this.#socket.pause();
    session.terminal.whenInputDrained(() => {
      this.#paused = false;
      this.#socket.resume();
    });
  }

  #obey(message: ClientMessage, session: Session, attachment: Attachment): void {
    if (message.type === 'ping') {
      this.sendControl({ type: 'pong', t: message.t });
      return;
    }
    if (attachment.role === 'viewer') return;
    switch (message.type) {
      case 'ack':
        if (!session.terminal.acknowledge(attachment, message.offset)) {
          this.close('malformed', { message: 'An ack beyond what was sent.' });
        }
        break;
      case 'resize':
        void session.resize({ cols: message.cols, rows: message.rows }).catch(() => undefined);
        break;
      case 'signal':
        void session.signal(message.name).catch(() => undefined);
        break;
    }
  }
}

function toBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

function parseQuery(parameters: URLSearchParams): Query {
  const number = (name: string, min: number, max: number): number | null => {
    const text = parameters.get(name);
    const value = text !== null && /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? value : null;
  };
  const cols = number('cols', 1, 1000);
  const rows = number('rows', 1, 1000);
  return {
    size: cols === null || rows === null ? null : { cols, rows },
    epoch: parameters.get('epoch'),
    offset: number('offset', 0, Number.MAX_SAFE_INTEGER),
  };
}
