/**
 * The guard: an HTTP server that reads each request with Node's strict parser, lets `readCall` say what it is, and has it
 * exchanged or attached; everything else is refused in the form of the Docker Engine API, logged and counted. It listens on
 * nothing by itself.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { attach, refuseUpgrade } from './attach.js';
import { readCall } from './call.js';
import type { GuardConfig } from './config.js';
import { createCheck } from './create-body.js';
import { GuardedDaemon } from './daemon.js';
import { shownPathOf, type GuardEvent } from './event-log.js';
import { exchange, type ExchangeParts } from './exchange.js';
import { GuardMetrics, type CountedCall } from './metrics.js';
import { OwnContainers } from './own-containers.js';
import { Refusal, refusalBody } from './refusal.js';

/** Each sandbox holds two connections; runners keep some more for their next calls. */
const connectionsPerSandbox = 2;
const moreConnections = 256;
const headerBytes = 8 * 1024;
const headersMs = 10_000;
const requestMs = 30_000;

export type GuardRules = Pick<GuardConfig, 'daemonPath' | 'create' | 'maxSandboxes'>;

export class Guard {
  readonly metrics = new GuardMetrics();
  readonly server: Server;
  readonly #parts: ExchangeParts;
  readonly #attached = new Set<Socket>();

  constructor(
    private readonly rules: GuardRules,
    private readonly onEvent: (event: GuardEvent) => void,
  ) {
    const daemon = new GuardedDaemon(rules.daemonPath);
    const { deployment } = rules.create;
    const own = new OwnContainers((target) => daemon.ask(target), { deployment, max: rules.maxSandboxes });
    this.#parts = { daemon, own, deployment, check: createCheck(rules.create) };
    this.server = this.#createServer();
  }

  /** How many connections clients still have; attachments whose client has ended its side are cut, for a process that stops. */
  async remaining(): Promise<number> {
    for (const socket of this.#attached) if (socket.readableEnded) socket.destroy();
    return new Promise((resolve) => {
      this.server.getConnections((_error, count) => {
        resolve(count);
      });
    });
  }

  #createServer(): Server {
    const options = { insecureHTTPParser: false, maxHeaderSize: headerBytes, requireHostHeader: true };
    const server = createServer({ ...options, headersTimeout: headersMs, requestTimeout: requestMs });
    server.maxConnections = this.rules.maxSandboxes * connectionsPerSandbox + moreConnections;
    // A connection that was closed here while a request was on its way would fail that request.
    server.keepAliveTimeout = 0;
    server.on('request', (request, response) => void this.#serve(request, response));
    // Without a listener Node would ask for the body at once.
    server.on('checkContinue', (request, response) => void this.#serve(request, response));
    server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
    return server;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let name: CountedCall = 'other';
    try {
      const call = this.#read(request);
      name = call.name;
      if (name === 'attach') throw new Refusal(403, 'The guard attaches by an upgrade to tcp alone.');
      await exchange(call, request, response, this.#parts);
      this.metrics.count(name, 'passed');
    } catch (error) {
      if (response.destroyed) {
        // The client gave it up, as one that waits for a container does.
        this.metrics.count(name, 'passed');
        return;
      }
      const refusal = this.#tell(name, request, error);
      if (response.headersSent) {
        response.destroy();
        return;
      }
      const body = refusalBody(refusal);
      // What was not read of the request must not be taken for the next one.
      if (!request.complete) response.shouldKeepAlive = false;
      response.writeHead(refusal.status, {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
      });
      response.end(body);
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => undefined);
    let name: CountedCall = 'other';
    // Never, since the server listens on sockets alone.
    if (!(socket instanceof Socket)) return;
    socket.pause();
    try {
      const call = this.#read(request);
      name = call.name;
      const attachment = await attach(call, { request, socket, head }, this.#parts);
      this.metrics.count(name, 'passed');
      if (attachment === null) return;
      this.metrics.addAttachments(1);
      this.#attached.add(socket);
      await attachment.closed;
      this.#attached.delete(socket);
      this.metrics.addAttachments(-1);
    } catch (error) {
      refuseUpgrade(socket, this.#tell(name, request, error));
    }
  }

  #read({ method = '', url = '' }: IncomingMessage) {
    return readCall({ method, target: url }, this.rules.create.imageTag);
  }

  /** Logs and counts what was not passed on; answers with how to say it. */
  #tell(call: CountedCall, { method = '', url = '' }: IncomingMessage, error: unknown): Refusal {
    const refusal =
      error instanceof Refusal ? error : new Refusal(503, `The guard could not pass the call on: ${String(error)}`);
    const { status, message: reason } = refusal;
    // What the daemon would have said as well is no sign of anything.
    const isOurs = status !== 503 && status !== 404;
    if (status !== 404) {
      const name = isOurs ? 'call-refused' : 'call-failed';
      this.onEvent({ name, call, status, method, path: shownPathOf(url), reason });
    }
    this.metrics.count(call, status === 404 ? 'passed' : isOurs ? 'refused' : 'failed');
    return refusal;
  }
}
