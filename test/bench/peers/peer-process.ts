/** A peer's server, known by the URL that it says or was told. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export const systemPython = '/usr/bin/python3';
const patienceMs = 30_000;

export interface PeerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** What its output has once it listens; the URL itself, unless `url` is given. */
  readonly says: RegExp;
  readonly url?: URL;
  readonly cwd?: string;
}

export class PeerProcess {
  private constructor(
    readonly child: ChildProcess,
    readonly url: URL,
  ) {}

  /** Whether python3 of Debian has this module. */
  static has(module: string): boolean {
    return spawnSync(systemPython, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
  }

  static async start({ program, args, says, url: known, cwd = '/' }: PeerCommand): Promise<PeerProcess> {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd });
    let said = '';
    const url = await new Promise<URL>((resolve, reject) => {
      const giveUp = (why: string): void => {
        child.kill('SIGKILL');
        reject(new Error(`${[program, ...args].join(' ').slice(0, 100)} ${why}: ${said.slice(-2000)}`));
      };
      const timer = setTimeout(() => {
        giveUp('does not listen');
      }, patienceMs);
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (data: Buffer) => {
          said = (said + data.toString()).slice(-10_000);
          const [found] = says.exec(said) ?? [];
          if (found === undefined) return;
          clearTimeout(timer);
          resolve(known ?? new URL(found));
        });
      }
      child.once('exit', (code) => {
        clearTimeout(timer);
        giveUp(`ended with ${String(code)}`);
      });
    });
    return new PeerProcess(child, url);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(timer);
  }
}
