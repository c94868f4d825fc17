/** A program of this build in a process of its own, known by the URL that it says it listens on. */
import { spawn, type ChildProcess } from 'node:child_process';

export class ListeningProcess {
  /** What it has said on a stderr that is a pipe, since it listens. */
  said = '';

  constructor(
    readonly child: ChildProcess,
    readonly url: URL,
  ) {
    child.stderr?.on('data', (data: Buffer) => {
      this.said += data.toString();
    });
  }

  /** Resolves when it listens; rejects when it ends before. Passes its stderr on, but for the figures it was asked for. */
  static async start(main: string, env: Readonly<Record<string, string>>): Promise<ListeningProcess> {
    const child = spawn(process.execPath, [main], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.on('data', (data: Buffer) => {
      if (!data.toString().startsWith('figures ')) process.stderr.write(data);
    });
    const url = await new Promise<URL>((resolve, reject) => {
      let said = '';
      child.stdout.on('data', (data: Buffer) => {
        said += data.toString();
        const found = /listens on (http:\S+)/.exec(said)?.[1];
        if (found !== undefined) resolve(new URL(found));
      });
      child.once('exit', (code) => {
        reject(new Error(`${main} ended with ${String(code)}: ${said}`));
      });
    });
    return new ListeningProcess(child, url);
  }

  get pid(): number {
    return this.child.pid ?? NaN;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await exited;
  }
}
