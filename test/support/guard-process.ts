/** The guard in a process of its own, as an operator runs it, from the build, on a socket of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { within } from '../doubles/within.js';
import type { Ground } from './grounds.js';

const main = fileURLToPath(new URL('../../dist/guard/main.js', import.meta.url));

/** Of a guard for runners on this ground. */
export function guardSettings({ env }: Ground): Record<string, string> {
  const { REPL_RUNNER_IMAGE_TAG: tag = '', REPL_RUNNER_DEPLOYMENT: deployment = '' } = env;
  return { REPL_GUARD_IMAGE_TAG: tag, REPL_GUARD_DEPLOYMENT: deployment };
}

export class GuardProcess {
  /** Everything that it wrote, both streams. */
  said = '';

  private constructor(
    readonly child: ChildProcess,
    readonly socketPath: string,
  ) {}

  /** Resolves when it listens. */
  static async start(env: Readonly<Record<string, string>>): Promise<GuardProcess> {
    if (!existsSync(main)) throw new Error('There is no build: npm run build');
    const socketPath = join(mkdtempSync(join(tmpdir(), 'guard-')), 'docker.sock');
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env.PATH, REPL_GUARD_SOCKET: socketPath, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = new GuardProcess(child, socketPath);
    const listens = new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (data: Buffer) => {
          started.said += data.toString();
          const all = env.REPL_GUARD_METRICS_PORT === undefined ? ['listens on'] : ['listens on', 'shows metrics on'];
          if (all.every((words) => started.said.includes(words))) resolve();
        });
      }
      child.once('exit', (code) => {
        reject(new Error(`the guard ended with ${String(code)}: ${started.said}`));
      });
    });
    await within('listening guard', listens);
    return started;
  }

  /** Stops it by a signal and answers its exit code. */
  async stop(): Promise<number | null> {
    if (this.child.exitCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await within('end of the guard', exited);
    }
    rmSync(dirname(this.socketPath), { recursive: true, force: true });
    return this.child.exitCode;
  }
}
