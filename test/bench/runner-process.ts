/** A runner in a process of its own, as an operator runs it, and a client that is quick enough to measure it. */
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { ListeningProcess } from './listening-process.js';

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export class RunnerProcess {
  readonly #agent = new Agent({ keepAlive: true });

  constructor(readonly process: ListeningProcess) {}

  /** Starts one on a free port and resolves when it listens. */
  static async start(env: Readonly<Record<string, string>>): Promise<RunnerProcess> {
    return new RunnerProcess(
      await ListeningProcess.start(main, {
        REPL_RUNNER_PORT: '0',
        REPL_RUNNER_LOG_LEVEL: 'warn',
        REPL_RUNNER_REPLICA: `bench-${process.pid}`,
        REPL_RUNNER_DEPLOYMENT: `bench-${process.pid}`,
        ...env,
      }),
    );
  }

  get url(): URL {
    return this.process.url;
  }

  async stop(): Promise<void> {
    await this.process.stop();
    this.#agent.destroy();
  }

  async call(method: string, path: string, body: Buffer | null = null, type = 'application/json'): Promise<unknown> {
    const answer = await this.#send(method, path, body, type);
    return answer.length === 0 ? null : JSON.parse(answer.toString());
  }

  /** What a GET answers with, as it is. */
  async octets(path: string): Promise<Buffer> {
    return await this.#send('GET', path, null, '');
  }

  async #send(method: string, path: string, body: Buffer | null, type: string): Promise<Buffer> {
    return await new Promise((resolve, reject) => {
      const headers = body === null ? {} : { 'Content-Type': type, 'Content-Length': body.length };
      const sent = request(new URL(path, this.url), { method, agent: this.#agent, headers }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (data: Buffer) => pieces.push(data));
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          const answer = Buffer.concat(pieces);
          if (status >= 400) reject(new Error(`${method} ${path}: ${status} ${answer.toString()}`));
          else resolve(answer);
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Resolves when this many sandboxes are warm. */
  async untilWarm(count: number): Promise<void> {
    for (;;) {
      const ready = (await this.call('GET', '/ready')) as { warm: Record<string, number> };
      if ((ready.warm.python ?? 0) >= count) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  attach(path: string, subprotocol?: string): WebSocket {
    const url = new URL(path, this.url);
    url.protocol = 'ws:';
    return new WebSocket(url, subprotocol ?? [], { perMessageDeflate: false });
  }
}
