/** A program of this build in a process of its own, known by the URL that it says it listens on. */
import { spawn, type ChildProcess } from 'node:child_process';

export interface ListeningProcess {
  readonly child: ChildProcess;
  readonly url: URL;
}

/** Resolves when it listens; rejects when it ends before. */
export async function startListening(main: string, env: Readonly<Record<string, string>>): Promise<ListeningProcess> {
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, ...env },
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
      reject(new Error(`${main} ended with ${String(code)}: ${said}`));
    });
  });
  return { child, url };
}

export async function stopListening({ child }: ListeningProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
}
