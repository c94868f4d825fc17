/** A runner in a process of its own, as an operator runs it, and a client that is quick enough to measure it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export class RunnerProcess {
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(
    readonly child: ChildProcess,
    readonly url: URL,
  ) {}

  /** Starts one on a free port and resolves when it listens. */
  static async start(env: Readonly<Record<string, string>>): Promise<RunnerProcess> {
    const child = spawn(process.execPath, [main], {
      env: {
        ...process.env,
        REPL_RUNNER_PORT: '0',
        REPL_RUNNER_LOG_LEVEL: 'warn',
        REPL_RUNNER_REPLICA: `bench-${process.pid}`,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await new Promise<URL>((resolve, reject) => {
      let said = '';
      child.stdout.on('data', (data: Buffer) => {
        said += data.toString();
        const found = /listens on (http:\S+)/.exec(said)?.[1];
        if (found !== undefined) resolve(new URL(found));
      });
      child.once('exit', (code) => {
        reject(new Error(`the runner ended with ${String(code)}: ${said}`));
      });
    });
    return new RunnerProcess(child, url);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await exited;
    this.#agent.destroy();
  }

  async call(method: string, path: string, body: Buffer | null = null, type = 'application/json'): Promise<unknown> {
    return await new Promise((resolve, reject) => {
      const headers = body === null ? {} : { 'Content-Type': type, 'Content-Length': body.length };
      const sent = request(new URL(path, this.url), { method, agent: this.#agent, headers }, (response) => {
        let text = '';
        response.on('data', (data: Buffer) => {
          text += data.toString();
        });
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          if (status >= 400) reject(new Error(`${method} ${path}: ${status} ${text}`));
          else resolve(text === '' ? null : JSON.parse(text));
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
