/**
 * A replica that answers /ready as a runner does and leaves everything else to the test. It counts its connections, so
 * that a test can see what a proxy leaves open.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { newSessionId } from '../../src/ids.js';

export interface FakeReplicaParts {
  readonly name: string;
  onRequest?(request: IncomingMessage, response: ServerResponse): void;
  onUpgrade?(request: IncomingMessage, socket: Socket): void;
}

export class FakeReplica {
  ready = true;
  warm = 0;
  sessions = 0;
  serves: string[] = [];
  /** How often somebody looked. */
  looks = 0;
  /** Of everything but /ready. */
  readonly requests: IncomingMessage[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(
    readonly name: string,
    readonly server: Server,
    readonly port: number,
  ) {}

  static async start(parts: FakeReplicaParts, port = 0): Promise<FakeReplica> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const fake = new FakeReplica(parts.name, server, (server.address() as AddressInfo).port);
    server.on('connection', (socket) => {
      fake.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => fake.#sockets.delete(socket));
    });
    server.on('request', (request, response) => {
      if (request.url === '/ready') fake.#answerReady(response);
      else {
        fake.requests.push(request);
        if (parts.onRequest !== undefined) parts.onRequest(request, response);
        else response.end('{}');
      }
    });
    server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
      fake.requests.push(request);
      // Upgraded sockets are half open: a side that ends is not an end of the other.
      socket.on('end', () => socket.end());
      if (parts.onUpgrade !== undefined) parts.onUpgrade(request, socket);
      else socket.destroy();
    });
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  newId(): string {
    return newSessionId(this.name);
  }

  /** Ends at once, as a killed process does. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #answerReady(response: ServerResponse): void {
    this.looks += 1;
    const { ready, name: replica, serves, sessions, warm } = this;
    const body = {
      'ready?': ready,
      replica,
      serves: [replica, ...serves],
      sessions,
      max_sessions: 100,
      warm: { python: warm },
    };
    response.writeHead(ready ? 200 : 503).end(JSON.stringify(body));
  }
}
