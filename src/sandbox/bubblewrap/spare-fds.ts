/**
 * Whether descriptors are left for a child process and its pipes. Node keeps the pipes of a child for ever where they gave out
 * half-way, so that a runner which tried on would lose the last ones it has.
 */
import { closeSync, openSync } from 'node:fs';
import { RunnerError } from '../../errors.js';

/** Both ends of a child's pipes, and what else a spawn takes for a moment. */
const spawnFds = 16;

/** Throws RunnerError `sandbox_failed` where there are too few. */
export function assertSpareFds(): void {
  const taken: number[] = [];
  try {
    while (taken.length < spawnFds) taken.push(openSync('/dev/null', 'r'));
  } catch (cause) {
    throw new RunnerError('sandbox_failed', 'No descriptors are left for another sandbox.', { cause });
  } finally {
    for (const fd of taken) closeSync(fd);
  }
}
