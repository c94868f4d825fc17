// How the scripts run other programs: loudly, and with the output kept where it says why something failed.
import { spawn, spawnSync } from 'node:child_process';
import { clearInterval, setInterval } from 'node:timers';

export const say = (text) => console.log(`» ${text}`);

/** Says what is under way and, where a person watches, how long it has been; what it prints itself has to wait. */
export async function step(what, work) {
  if (!process.stdout.isTTY) {
    say(`${what} …`);
    return await work();
  }
  const startedAt = Date.now();
  const seconds = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  const show = (text) => process.stdout.write(`\r\x1b[K» ${what}${text}`);
  show(' …');
  const ticking = setInterval(() => show(` … ${seconds()}`), 1_000);
  try {
    return await work();
  } finally {
    clearInterval(ticking);
    show(` (${seconds()})\n`);
  }
}

/** Runs to the end; rejects when it fails. `quiet` shows the output only then. */
export function run(command, args, { quiet = false, env, cwd } = {}) {
  return new Promise((resolve, reject) => {
    const shown = quiet ? 'pipe' : 'inherit';
    const child = spawn(command, args, {
      stdio: ['ignore', shown, shown],
      env: { ...process.env, ...env },
      cwd,
    });
    const kept = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => kept.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) return resolve();
      if (quiet)
        process.stderr.write(`\n${Buffer.concat(kept).toString().trimEnd().split('\n').slice(-30).join('\n')}\n`);
      reject(new Error(`\`${command} ${args.join(' ')}\` failed (exit code ${code}).`));
    });
  });
}

/** What it prints; throws when it fails. */
export function output(command, args) {
  const { status, stdout, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (error) throw error;
  if (status !== 0) throw new Error(`\`${command} ${args.join(' ')}\` failed (exit code ${status}).`);
  return stdout;
}

/** Whether it exists and ends well. */
export const answers = (command, args) => spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
