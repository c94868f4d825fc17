// Who has a port: asked by listening on it for a moment, and of a runner by its own probe.
import { once } from 'node:events';
import http from 'node:http';
import { createServer } from 'node:net';
import { json } from 'node:stream/consumers';

const askTimeoutMs = 2_000;

async function isRunner(host, port) {
  // Not fetch, which goes on trying where a server accepts and hangs up.
  const request = http.get({ host, port, path: '/alive', agent: false });
  const timer = setTimeout(() => request.destroy(new Error('no answer')), askTimeoutMs);
  try {
    const [answer] = await once(request, 'response');
    return (await json(answer))['alive?'] === true;
  } finally {
    clearTimeout(timer);
    request.destroy();
  }
}

/** Resolves to `free`, `runner`, `taken`, or the code of what else is in the way, such as EACCES. */
export async function portUse(host, port) {
  const server = createServer();
  try {
    await once(server.listen(port, host), 'listening');
    return 'free';
  } catch (error) {
    if (error.code !== 'EADDRINUSE') return error.code;
    return (await isRunner(host, port).catch(() => false)) ? 'runner' : 'taken';
  } finally {
    server.close();
  }
}
