/** The runner as an operator runs it: the compiled program in a process of its own, on a port that stays, to be killed at will. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.js';
import { patient } from './running-service.js';

const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

export class RunnerProgram {
  #child: ChildProcess | null = null;
  /** Everything that it wrote in all its lives, both streams. */
  said = '';

  private constructor(
    readonly port: number,
    readonly env: Readonly<Record<string, string>>,
  ) {}

  /** Resolves when it listens. */
  static async start(env: Readonly<Record<string, string>>): Promise<RunnerProgram> {
    const program = new RunnerProgram(await freePort(), env);
    await program.start();
    return program;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  /** Starts it again after its end, on the same port; `env` overrides settings for this life. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const child = spawn(process.execPath, [main], {
      env: {
        PATH: process.env.PATH ?? '',
        REPL_RUNNER_PORT: String(this.port),
        REPL_RUNNER_LOG_LEVEL: 'warn',
        REPL_RUNNER_POOL: 'python=1:1',
        ...patient,
        ...this.env,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (data: Buffer) => {
          said += data.toString();
          this.said += data.toString();
          if (said.includes('listens on')) resolve();
        });
      }
      child.once('exit', (code) => {
        reject(new Error(`the runner ended with ${String(code)}: ${said}`));
      });
    });
  }

  /** As the kernel or an operator ends it who has lost patience. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** Tells it something, and waits for nothing. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Its exit code once it has ended. */
  async exited(): Promise<number | null> {
    const child = this.#child;
    if (child !== null && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child?.exitCode ?? null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  async call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(new URL(path, this.url), {
      method,
      ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  }
}
