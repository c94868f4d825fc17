/** Listens, and knows at which URL; the one way of every process that serves HTTP on a port. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * So long an idle connection is kept, in ms: longer than clients and balancers keep theirs, most of them a minute at most, so
 * that it is they who close it. A request that is on its way to a connection that closes is lost.
 */
export const keepAliveTimeoutMs = 75_000;

export interface Place {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
}

/** Resolves with the URL, without a slash at its end; rejects as the system says why it cannot be. */
export async function listen(server: Server, { host, port }: Place): Promise<string> {
  server.listen(port, host);
  // Rejects with the server's error, where that comes first.
  await once(server, 'listening');
  // From here on it is a connection that cannot be accepted, as where descriptors run out; that one is lost alone.
  server.on('error', () => undefined);
  // A TCP server's address is never a pipe's name or null once it listens.
  const address = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
