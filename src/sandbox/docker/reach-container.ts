/**
 * Gets hold of a container again that a daemon which went away has left running, once that daemon is back. It trusts nothing
 * but the daemon's own word that the container does not run any more, and gives up for no other reason.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { RunnerError } from '../../errors.js';
import type { Daemon } from './daemon.js';

/** A daemon is back within a second or two; each of its sandboxes asks this often. */
const pauseMs = 250;

/**
 * What `take` resolves with, which is tried again while it rejects. Throws RunnerError `sandbox_failed` when the container
 * does not run any more, or when aborted.
 */
export async function reachContainer<T>(
  daemon: Pick<Daemon, 'isRunning'>,
  id: string,
  signal: AbortSignal,
  take: () => Promise<T>,
): Promise<T> {
  for (;;) {
    await delay(pauseMs, undefined, { signal }).catch((cause: unknown) => {
      throw new RunnerError('sandbox_failed', 'The Docker daemon did not come back in time.', { cause });
    });
    // One that stops or comes up answers all sorts of things.
    const running = await daemon.isRunning(id).catch(() => null);
    if (running === false) throw new RunnerError('sandbox_failed', 'The container is gone.');
    const taken = running === null ? null : await take().catch(() => null);
    if (taken !== null) return taken;
  }
}
