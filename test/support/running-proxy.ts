/** The proxy as a server inside the test's process, on a free port, with calls at hand. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createReplProxy, type ReplProxy } from '../../proxy/create-repl-proxy.js';
import type { ProxyEvent, ProxyFailure, ReplProxyOptions } from '../../proxy/options.js';
import { createStandaloneServer } from '../../proxy/standalone-server.js';
import { TerminalClient } from './terminal-client.js';
import { eventually } from './eventually.js';

export class RunningProxy {
  private constructor(
    readonly proxy: ReplProxy,
    readonly server: Server,
    readonly url: string,
    /** Its refusals. */
    readonly events: readonly ProxyFailure[],
  ) {}

  static async start(options: ReplProxyOptions): Promise<RunningProxy> {
    const events: ProxyFailure[] = [];
    const onEvent = (event: ProxyEvent): void => {
      if ('code' in event) events.push(event);
      options.onEvent?.(event);
    };
    const proxy = createReplProxy({ ...options, onEvent });
    const server = createStandaloneServer(proxy);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return new RunningProxy(proxy, server, `http://127.0.0.1:${port}`, events);
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed: unknown = text.startsWith('{') ? JSON.parse(text) : text;
    return { status: response.status, headers: response.headers, body: parsed };
  }

  /** Starts a session through the proxy and answers its id and the path of its websocket. */
  async startSession(options: Record<string, unknown> = {}): Promise<{ id: string; websocket: string }> {
    const { status, body } = await this.call('POST', '/repl', { language: 'python', ...options });
    if (status !== 201) throw new Error(`POST /repl: ${status} ${JSON.stringify(body)}`);
    return body as { id: string; websocket: string };
  }

  attach(
    path: string,
    options: { subprotocol?: string | string[]; headers?: Record<string, string> } = {},
  ): TerminalClient {
    return new TerminalClient(this.url.replace('http', 'ws') + path, options);
  }

  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.getConnections((error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }

  /** Stops, and rejects when the proxy keeps a socket of either side. */
  async stop(): Promise<void> {
    await eventually('an end of every tunnel', () => this.proxy.openTunnels === 0);
    await eventually('an end of every connection', async () => {
      this.server.closeIdleConnections();
      return (await this.connections()) === 0;
    });
    this.proxy.close();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
