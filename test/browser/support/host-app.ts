/** The example host app in a process of its own, as docs say to run it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { within } from '../../doubles/within.js';

const program = fileURLToPath(new URL('../../../dist/examples/web/server.js', import.meta.url));

export const hasHostApp = existsSync(program);

export class HostApp {
  private constructor(
    readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /** Starts one on a free port in front of a runner, and resolves when it listens. */
  static async start(runner: { readonly url: string; readonly apiToken: string }): Promise<HostApp> {
    const env = {
      PATH: process.env.PATH ?? '',
      REPL_PROXY_PORT: '0',
      REPL_PROXY_REPLICAS: runner.url,
      REPL_PROXY_API_TOKEN: runner.apiToken,
    };
    const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const listening = new Promise<string>((resolve, reject) => {
      let said = '';
      child.stdout.on('data', (data: Buffer) => {
        said += data.toString();
        const found = /listens on (http:\S+)\//.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once('exit', (code) => {
        reject(new Error(`the host app ended with ${String(code)}`));
      });
    });
    return new HostApp(child, await within('listening host app', listening));
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await within('end of the host app', exited);
  }
}
