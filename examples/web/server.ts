/**
 * The smallest host app: its own pages, and a REPL for them. Copy it, then let `authorize` ask who somebody is. It knows the
 * runners by the proxy module only.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { parseProxyConfig, type ProxyConfig } from '../../proxy/config.js';
import { ConfigError } from '../../src/config/config-error.js';
import { createReplProxy } from '../../proxy/create-repl-proxy.js';
import { createEventLog } from '../../proxy/event-log.js';
import { createOperatorServer } from '../../proxy/operator-server.js';

// Compiled, this file is dist/examples/web/server.js; the browser's part lies in dist/browser.
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const built = join(root, 'dist', 'browser');
const policy = "default-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const { host, port, replicas, apiToken, clientLimits, trustedHops, metrics, logLevel } = readSettings();
const repl = createReplProxy({
  replicas,
  apiToken: apiToken ?? undefined,
  clientLimits,
  trustedHops,
  // Pages of other sites get no REPL; who else may have one is the app's to say.
  authorize: ({ headers }) => (isOwnPage(headers.origin, headers.host) ? 'allowed' : 'forbidden'),
  onEvent: createEventLog(logLevel),
});

const app = express();
app.disable('x-powered-by');
app.use(repl.middleware); // before anything that reads bodies
app.use((_request, response, next) => {
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  next();
});
app.get('/alive', (_request, response) => {
  response.json({ 'alive?': true });
});
app.get('/ready', (_request, response) => {
  response.status(repl.ready ? 200 : 503).json({ 'ready?': repl.ready });
});
app.use('/component', express.static(join(root, 'examples', 'component')));
app.use('/browser', express.static(built));
app.use(express.static(built));

const server = createServer(app);
server.on('upgrade', (request, socket, head) => {
  if (!repl.handleUpgrade(request, socket, head)) socket.destroy();
});
server.once('error', (error) =>
  fail(`The app cannot listen on ${host}:${port}: ${error.message}. REPL_PROXY_PORT chooses another port.`),
);
server.listen(port, host, () => {
  // A TCP server's address is never a pipe's name or null once it listens.
  const address = server.address() as AddressInfo;
  process.stdout.write(`the app listens on http://${host}:${address.port}/\n`);
});

// For operators, on a port that nobody else is led to.
repl.metrics.addProcess();
const operators = createOperatorServer(repl);
if (metrics !== null) operators.listen(metrics.port, metrics.host);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    repl.close();
    operators.close();
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}

function readSettings(): ProxyConfig {
  try {
    return parseProxyConfig(process.env);
  } catch (error) {
    if (error instanceof ConfigError) fail(error.message);
    throw error;
  }
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Programs other than browsers send no origin. */
function isOwnPage(origin: string | undefined, ownHost: string | undefined): boolean {
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === ownHost);
}
