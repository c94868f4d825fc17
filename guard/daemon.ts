/**
 * The way to the real Docker daemon: requests of the guard's own writing over its socket. No header of a client is copied, and
 * bytes flow unread only after the daemon itself has agreed to it.
 */
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Refusal } from './refusal.js';

/** Answers that the guard reads itself: a list of thousands of containers is some MiB. */
const readBytes = 64 * 1024 * 1024;
/** Connections kept for the next call. */
const idleConnections = 32;
/** For the daemon's own answer to an attach, and for what the guard asks itself. */
const answerMs = 30_000;

export interface DaemonRequest {
  readonly method: string;
  readonly target: string;
  /** JSON text; absent, there is no body. */
  readonly json?: string;
}

export interface DaemonAnswer {
  readonly status: number;
  readonly body: string;
}

export type AttachAnswer = { kind: 'open'; socket: Socket; head: Buffer } | ({ kind: 'refused' } & DaemonAnswer);

export class GuardedDaemon {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: idleConnections });

  constructor(private readonly socketPath: string) {}

  /** Rejects with a Refusal 503 when nobody answers. An abort ends it at any time. */
  async send(sent: DaemonRequest, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const asked = this.#request(sent, signal);
      asked.on('response', resolve);
      asked.on('error', (error) => {
        reject(unreachable(error));
      });
      asked.end(sent.json);
    });
  }

  /** What a request is answered with, read to its end, within a bound of time. */
  async ask(target: string): Promise<DaemonAnswer> {
    return wholeAnswer(await this.send({ method: 'GET', target }, AbortSignal.timeout(answerMs)));
  }

  /** Asks for the raw connection to a container. */
  async attach(target: string, signal: AbortSignal): Promise<AttachAnswer> {
    return new Promise((resolve, reject) => {
      const headers = { Host: 'docker', Connection: 'Upgrade', Upgrade: 'tcp', 'Content-Length': 0 };
      // Each side may end before the other does.
      const createConnection = () => connect({ path: this.socketPath, allowHalfOpen: true });
      const asked = request({ method: 'POST', path: target, headers, createConnection });
      // Neither holds for longer than the answer takes: they would cut an open connection as well.
      const cut = () => asked.destroy(new DOMException('no answer', 'TimeoutError'));
      const timer = setTimeout(cut, answerMs);
      signal.addEventListener('abort', cut, { once: true });
      const settle = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', cut);
      };
      asked.on('upgrade', (_answer, stream, head) => {
        settle();
        // A socket, since that is what was connected above.
        resolve({ kind: 'open', socket: stream, head });
      });
      asked.on('response', (answer) => {
        wholeAnswer(answer)
          .finally(settle)
          .then((refused) => {
            resolve({ kind: 'refused', ...refused });
          }, reject);
      });
      asked.on('error', (error) => {
        settle();
        reject(unreachable(error));
      });
      asked.end();
    });
  }

  #request({ method, target, json }: DaemonRequest, signal: AbortSignal): ClientRequest {
    const body = json === undefined ? {} : { 'Content-Type': 'application/json' };
    const length = json === undefined ? 0 : Buffer.byteLength(json);
    const headers = { Host: 'docker', ...body, ...(method === 'POST' ? { 'Content-Length': length } : {}) };
    return request({ socketPath: this.socketPath, agent: this.#agent, method, path: target, headers, signal });
  }
}

/** Reads an answer to its end. */
export async function wholeAnswer(answer: IncomingMessage): Promise<DaemonAnswer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > readBytes) throw new Refusal(503, 'The Docker daemon answers with more than the guard reads.');
    pieces.push(piece);
  }
  return { status: answer.statusCode ?? 0, body: Buffer.concat(pieces).toString('utf8') };
}

function unreachable(error: Error): Refusal {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return new Refusal(503, `The guard gets no answer from the Docker daemon (${code}).`);
}
