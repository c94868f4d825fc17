/**
 * Names for what a runner leaves on the host while it lives (cgroups, staged files), and how to tell that the runner of
 * such a name is gone. It never judges names from another PID namespace: their runners cannot be seen from here.
 */
import { readFileSync, readlinkSync } from 'node:fs';

const pattern = /^repl_runner-(\d+)-(\d+)-(\d+)-/;

/** Start time of a process in clock ticks since boot, or null when it is not alive. */
export function processStartTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
  } catch {
    return null;
  }
}

function pidNamespace(): string {
  return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
}

/** The start of every name that this process gives: namespace, pid and start time, so that a reused pid is not mistaken. */
export function runnerMark(): string {
  return `repl_runner-${pidNamespace()}-${process.pid}-${processStartTime(process.pid) ?? '0'}-`;
}

/** Whether a name was given by a runner that no longer lives. */
export function isLeftBehind(name: string): boolean {
  const [, namespace, pid, startTime] = pattern.exec(name) ?? [];
  return namespace === pidNamespace() && processStartTime(Number(pid)) !== startTime;
}
