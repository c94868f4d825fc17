/**
 * bwrap processes that a killed runner left half made. bwrap ties a sandbox to its parent only as the last step before
 * the agent starts; one whose parent dies within the milliseconds before waits for ever. It kills only what carries the
 * name of a runner that is gone on its command line.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { isLeftBehind } from './runner-mark.js';

/** Whether a NUL-separated command line is a bwrap's of a runner that no longer lives. */
export function isOrphanedBwrap(commandLine: string): boolean {
  const [program, ...args] = commandLine.split('\0');
  return program === 'bwrap' && args.flatMap((argument) => argument.split('/')).some(isLeftBehind);
}

export function killOrphans(): void {
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    try {
      if (isOrphanedBwrap(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))) process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone, or another user's.
    }
  }
}
