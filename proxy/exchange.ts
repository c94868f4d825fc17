/**
 * One request to a replica and the head of its answer, on a connection of its own, with a bound on each wait. It tells
 * apart what never reached the replica, and may be tried elsewhere, from what may have had an effect. No reuse of
 * connections: one that the replica closes at the same moment would leave that open.
 */
import { request as requestPlain, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as requestTls } from 'node:https';
import { boundConnect } from './bound-connect.js';

export interface Exchange {
  readonly method: string;
  /** As it stands in the request line. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer | null;
}

export interface ExchangeBounds {
  readonly connectTimeoutMs: number;
  /** Ends the exchange, its answer's body included. */
  readonly signal: AbortSignal;
}

/** The replica did not answer. */
export class ExchangeError extends Error {
  /** False when the replica cannot have seen anything of the request. */
  readonly reached: boolean;

  constructor(reached: boolean, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'ExchangeError';
    this.reached = reached;
  }
}

/** Rejects with ExchangeError. Whoever gets the answer must consume or destroy it. */
export function exchange(
  url: string,
  { method, path, headers, body }: Exchange,
  { connectTimeoutMs, signal }: ExchangeBounds,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    const send = target.protocol === 'https:' ? requestTls : requestPlain;
    const hostname = target.hostname.replace(/^\[|\]$/g, '');
    const options = { method, path, hostname, port: target.port, agent: false as const, signal };
    const length = body === null ? {} : { 'content-length': body.length };
    const sent = send({ ...options, headers: { ...headers, ...length, host: target.host, connection: 'close' } });
    let reached = false;
    boundConnect(sent, connectTimeoutMs, () => {
      reached = true;
    });
    sent.on('error', (error) => {
      reject(new ExchangeError(reached, error));
    });
    sent.once('response', (answer) => {
      // An answer that breaks off says so to whoever reads it; unread, it must not end the process.
      answer.on('error', () => undefined);
      resolve(answer);
    });
    sent.once('upgrade', (_answer, socket) => {
      socket.destroy();
      reject(new ExchangeError(true, new Error('the replica switched protocols unasked')));
    });
    sent.end(body);
  });
}
