/** The proxy as an HTTP server of its own: its calls, its upgrades, and two probes. It reads no settings. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { keepAliveTimeoutMs } from '../src/listen.js';
import { answerHeaders } from './answer-headers.js';
import type { ReplProxy } from './create-repl-proxy.js';

/** A client that sends its request's head or body more slowly is cut, in ms; terminals are not requests any more. */
const headersTimeoutMs = 20_000;
const requestTimeoutMs = 120_000;

export function createStandaloneServer(proxy: ReplProxy): Server {
  const server = createServer({
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
  });
  server.on('request', (request, response) => {
    const [path] = (request.url ?? '').split('?', 1);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (isRead && path === '/alive') answer(response, 200, { 'alive?': true });
    else if (isRead && path === '/ready') answer(response, proxy.ready ? 200 : 503, { 'ready?': proxy.ready });
    else proxy.handleRequest(request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    if (proxy.handleUpgrade(request, socket, head)) return;
    socket.on('error', () => socket.destroy());
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  return server;
}

function answer(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  const text = JSON.stringify(body);
  const headers = { ...answerHeaders, 'Content-Type': 'application/json', 'Content-Length': text.length };
  response.writeHead(status, status === 503 ? { ...headers, 'Retry-After': '1' } : headers).end(text);
}
