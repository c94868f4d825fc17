/**
 * The proxy's own process: reads the settings, listens, and stops cleanly on a signal. The only file of the proxy that
 * reads `process.env`.
 */
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { parseProxyConfig, ProxyConfigError } from './config.js';
import { createReplProxy } from './create-repl-proxy.js';
import { createStandaloneServer } from './standalone-server.js';

/** Calls under way get this long to end when the process is to stop, in ms. */
const drainMs = 10_000;

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function main(): void {
  const config = parseProxyConfig(process.env);
  const logger = pino({ level: config.logLevel, base: null });
  const { replicas, maxBodyBytes, awayMs, answerTimeoutMs } = config;
  const proxy = createReplProxy({
    replicas,
    apiToken: config.apiToken ?? undefined,
    bounds: { maxBodyBytes, awayMs, answerTimeoutMs },
    onEvent: ({ name, requestId, code, cause }) => {
      logger.warn({ requestId, code, err: cause }, name);
    },
  });
  const server = createStandaloneServer(proxy);
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), drainMs).unref();
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    proxy.close();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  server.once('error', (error) => fail(`The proxy cannot listen on ${config.host}:${config.port}: ${error.message}`));
  server.listen(config.port, config.host, () => {
    // A TCP server's address is never a pipe's name or null once it listens.
    const { port } = server.address() as AddressInfo;
    const host = config.host.includes(':') ? `[${config.host}]` : config.host;
    process.stdout.write(`repl_proxy listens on http://${host}:${port}\n`);
  });
}

try {
  main();
} catch (error) {
  if (error instanceof ProxyConfigError || error instanceof TypeError) fail(error.message);
  throw error;
}
