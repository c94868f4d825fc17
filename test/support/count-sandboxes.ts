/** How many sandboxes there really are, as the daemon or the kernel tells, whatever the runner believes. */
import { readFileSync, readdirSync } from 'node:fs';
import Docker from 'dockerode';
import type { Ground } from './grounds.js';

/** Those of a runner of this name, in the test's own process unless its pid is given. */
export async function countSandboxes(ground: Ground, replica: string, pid = process.pid): Promise<number> {
  if (ground.driver === 'docker') {
    const filters = { label: [`repl_runner.replica=${replica}`] };
    return (await new Docker({ socketPath: '/var/run/docker.sock' }).listContainers({ all: true, filters })).length;
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLineOf)
    .filter(([program, ...args]) => program === 'bwrap' && args.some((argument) => isOf(pid, argument))).length;
}

/** Empty for a process that is gone. */
function commandLineOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** Whether a path lies in what a runner of this pid has staged, as src/sandbox/bubblewrap/runner-mark.ts names it. */
function isOf(pid: number, path: string): boolean {
  return new RegExp(`/repl_runner-\\d+-${pid}-`).test(path);
}
