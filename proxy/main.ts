/**
 * The proxy's own process: reads the settings, listens, and stops cleanly on a signal. The only file of the proxy that
 * reads `process.env`.
 */
import type { Server } from 'node:http';
import { ConfigError } from '../src/config/config-error.js';
import { listen, type Place } from '../src/listen.js';
import { parseProxyConfig } from './config.js';
import { createReplProxy } from './create-repl-proxy.js';
import { createEventLog } from './event-log.js';
import { createOperatorServer } from './operator-server.js';
import { createStandaloneServer } from './standalone-server.js';

/** Calls under way get this long to end when the process is to stop, in ms. */
const drainMs = 10_000;

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function main(): void {
  const config = parseProxyConfig(process.env);
  const { replicas, clientLimits, trustedHops, maxBodyBytes, awayMs, answerTimeoutMs } = config;
  const proxy = createReplProxy({
    replicas,
    apiToken: config.apiToken ?? undefined,
    authorize: () => ({ verdict: 'allowed', egress: config.egress }),
    clientLimits,
    trustedHops,
    bounds: { maxBodyBytes, awayMs, answerTimeoutMs },
    onEvent: createEventLog(config.logLevel),
  });
  proxy.metrics.addProcess();
  const server = createStandaloneServer(proxy);
  const operators = config.metrics === null ? null : createOperatorServer(proxy);
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), drainMs).unref();
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    operators?.close();
    proxy.close();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  if (operators !== null && config.metrics !== null) serve(operators, config.metrics, 'repl_proxy shows metrics on');
  serve(server, config, 'repl_proxy listens on');
}

function serve(server: Server, { host, port }: Place, what: string): void {
  listen(server, { host, port }).then(
    (url) => process.stdout.write(`${what} ${url}\n`),
    (error: unknown) => fail(`The proxy cannot listen on ${host}:${port}: ${(error as Error).message}`),
  );
}

try {
  main();
} catch (error) {
  if (error instanceof ConfigError || error instanceof TypeError) fail(error.message);
  throw error;
}
