/** What operators look at, on a port of its own that no browser is led to: the metrics, and nothing else. */
import { createServer, type Server } from 'node:http';
import { answerHeaders } from './answer-headers.js';
import type { ReplProxy } from './create-repl-proxy.js';

export function createOperatorServer({ metrics }: Pick<ReplProxy, 'metrics'>): Server {
  return createServer((request, response) => {
    const [path] = (request.url ?? '').split('?', 1);
    if (path !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404).end();
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { ...answerHeaders, 'Content-Type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
}
