/**
 * The smallest host app: its own pages, and a REPL for them. Copy it, then let `authorize` ask who somebody is. It knows the
 * runners by the proxy module only.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { parseProxyConfig } from '../../proxy/config.js';
import { createReplProxy } from '../../proxy/create-repl-proxy.js';

// Compiled, this file is dist/examples/web/server.js; the browser's part lies in dist/browser.
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const built = join(root, 'dist', 'browser');
const policy = "default-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const { host, port, replicas, apiToken } = parseProxyConfig(process.env);
const repl = createReplProxy({
  replicas,
  apiToken: apiToken ?? undefined,
  // Pages of other sites get no REPL; who else may have one is the app's to say.
  authorize: ({ headers }) => (isOwnPage(headers.origin, headers.host) ? 'allowed' : 'forbidden'),
});

const app = express();
app.disable('x-powered-by');
app.use(repl.middleware); // before anything that reads bodies
app.get('/alive', (_request, response) => {
  response.json({ 'alive?': true });
});
app.get('/ready', (_request, response) => {
  response.status(repl.ready ? 200 : 503).json({ 'ready?': repl.ready });
});
app.use((_request, response, next) => {
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  next();
});
app.use('/component', express.static(join(root, 'examples', 'component')));
app.use('/browser', express.static(built));
app.use(express.static(built));

const server = createServer(app);
server.on('upgrade', (request, socket, head) => {
  if (!repl.handleUpgrade(request, socket, head)) socket.destroy();
});
server.listen(port, host, () => {
  // A TCP server's address is never a pipe's name or null once it listens.
  const address = server.address() as AddressInfo;
  process.stdout.write(`the app listens on http://${host}:${address.port}/\n`);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    repl.close();
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}

/** Programs other than browsers send no origin. */
function isOwnPage(origin: string | undefined, ownHost: string | undefined): boolean {
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === ownHost);
}
