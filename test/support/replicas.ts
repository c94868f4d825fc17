/** Proxies before replicas that are doubles, for suites about what a proxy does with them. */
import { afterEach } from '@jest/globals';
import type { ReplProxyOptions } from '../../proxy/options.js';
import { FakeReplica, type FakeReplicaParts } from '../doubles/fake-replica.js';
import { within } from '../doubles/within.js';
import { eventually } from './eventually.js';
import { RunningProxy } from './running-proxy.js';

export type OnRequest = NonNullable<FakeReplicaParts['onRequest']>;

export interface Replicas {
  /** A replica, on a port of its own unless one is given. */
  readonly replica: (parts: FakeReplicaParts, port?: number) => Promise<FakeReplica>;
  /** A proxy that looks at its replicas often, and waits for nobody who is told to close. */
  readonly proxyOf: (options: ReplProxyOptions) => Promise<RunningProxy>;
}

const quick = { pollMs: 20, closeGraceMs: 200 };

/** All of them are stopped after each test, which fails where a connection to a replica is left. */
export function useReplicas(): Replicas {
  const fakes: FakeReplica[] = [];
  const proxies: RunningProxy[] = [];

  afterEach(async () => {
    const [stopping, ending] = [proxies.splice(0), fakes.splice(0)];
    for (const proxy of stopping) await proxy.stop();
    for (const fake of ending) {
      await eventually('an end of every connection to a replica', () => fake.open === 0).finally(() => fake.stop());
    }
  });

  return {
    async replica(parts, port = 0) {
      const fake = await FakeReplica.start(parts, port);
      fakes.push(fake);
      return fake;
    },
    async proxyOf(options) {
      const proxy = await RunningProxy.start({ ...options, bounds: { ...quick, ...options.bounds } });
      proxies.push(proxy);
      return proxy;
    },
  };
}

/** How the proxy closes a websocket to this session. */
export async function closed(proxy: RunningProxy, id: string): Promise<{ code: number; reason: unknown }> {
  const { closed: closing } = proxy.attach(`/repl/${id}`, { subprotocol: 'repl.v1' });
  const { code, reason } = await within('close', closing);
  return { code, reason: JSON.parse(reason) as unknown };
}

export const created: OnRequest = (request, response) => {
  request.resume().on('end', () => response.writeHead(201).end('{"id": "x"}'));
};

export const full: OnRequest = (request, response) => {
  request.resume().on('end', () => response.writeHead(503, { 'Retry-After': '7' }).end('{"error": {"code": "full"}}'));
};
