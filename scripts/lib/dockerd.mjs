// A Docker daemon of one's own where none answers: started as root, waited for, and stopped again by its process id.
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { docker } from './docker.mjs';
import { say } from './shell.mjs';

const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;

/** Resolves to a function that stops it; rejects, with the end of its log, when it does not come up. */
export async function startDockerd() {
  const folder = mkdtempSync(join(tmpdir(), 'dockerd-'));
  const log = join(folder, 'dockerd.log');
  say(`Starting dockerd (log: ${log}) …`);
  const fd = openSync(log, 'a');
  // A group of its own: a Ctrl-C at the terminal must not stop it before what runs on it.
  const daemon = spawn('dockerd', [], { stdio: ['ignore', fd, fd], detached: true });
  let over = null;
  const ended = new Promise((resolve) => {
    daemon.on('error', (error) => resolve((over = error.message)));
    daemon.on('exit', (code) => resolve((over = `it ended with exit code ${code}`)));
  });
  const stop = async () => {
    if (over !== null) return;
    daemon.kill('SIGTERM');
    await Promise.race([ended, delay(stopTimeoutMs, undefined, { ref: false })]);
    if (over === null) daemon.kill('SIGKILL');
  };
  const giveUpAt = Date.now() + startTimeoutMs;
  while (!(await docker.answers())) {
    if (over !== null || Date.now() > giveUpAt) {
      await stop();
      const logged = readFileSync(log, 'utf8').trim().split('\n').slice(-5);
      // Why, on the first line: a skip shows no more.
      const why = [over ?? 'it does not answer', logged.at(-1)].filter(Boolean).join(': ');
      throw new Error(`dockerd did not start: ${why}\n${logged.join('\n')}`);
    }
    await delay(100);
  }
  return async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
