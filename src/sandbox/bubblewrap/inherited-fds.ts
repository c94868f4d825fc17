/**
 * Descriptors that the runner was started with and that every child would inherit: Node marks the low ones close-on-exec
 * and overlooks the high ones. A sandbox must get none of them, so the launcher closes them.
 */
import { readFileSync, readdirSync } from 'node:fs';

const closeOnExec = 0o2000000;
const lastStandardFd = 2;

/** Whether /proc/self/fdinfo/<fd> describes a descriptor that survives an exec. */
export function survivesExec(fdinfo: string): boolean {
  const flags = parseInt(/^flags:\s+([0-7]+)/m.exec(fdinfo)?.[1] ?? '0', 8);
  return (flags & closeOnExec) === 0;
}

/** Their numbers, standard input and output left out. */
export function inheritedFds(): number[] {
  return readdirSync('/proc/self/fdinfo')
    .map(Number)
    .filter((fd) => {
      try {
        return fd > lastStandardFd && survivesExec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
      } catch {
        return false; // closed since: the descriptor of the listing itself
      }
    });
}
