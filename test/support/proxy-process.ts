/** The standalone proxy in a process of its own, as an operator runs it, from the build. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { within } from '../doubles/within.js';

const main = fileURLToPath(new URL('../../dist/proxy/main.js', import.meta.url));

export class ProxyProcess {
  /** Everything that it wrote, both streams. */
  said = '';

  private constructor(
    readonly child: ChildProcess,
    readonly url: URL,
  ) {}

  static async start(env: Readonly<Record<string, string>>): Promise<ProxyProcess> {
    if (!existsSync(main)) throw new Error('There is no build: npm run build');
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env.PATH, REPL_PROXY_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let early = '';
    const url = await within(
      'listening proxy',
      new Promise<URL>((resolve, reject) => {
        for (const stream of [child.stdout, child.stderr]) {
          stream.on('data', (data: Buffer) => {
            early += data.toString();
            const found = /listens on (http:\S+)/.exec(early)?.[1];
            if (found !== undefined) resolve(new URL(found));
          });
        }
        child.once('exit', (code) => {
          reject(new Error(`the proxy ended with ${String(code)}: ${early}`));
        });
      }),
    );
    const started = new ProxyProcess(child, url);
    started.said = early;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        started.said += data.toString();
      });
    }
    return started;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Stops it by a signal and answers its exit code. */
  async stop(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await within('end of the proxy', exited);
    return this.child.exitCode;
  }
}
