/**
 * Removes a container and does not believe it until the container is gone. Whoever is attached to it must have let go
 * before: a stalled reader makes the daemon wait for twelve seconds.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { RunnerError } from '../../errors.js';
import type { Daemon } from './daemon.js';

/** A removal takes 33 ms on an idle machine, seconds under heavy load, and waits its turn among others. */
const goneWithinMs = 60_000;
const firstPauseMs = 10;
const longestPauseMs = 500;

/** Resolves also when there is no such container. Throws RunnerError when it stays, or when the daemon is away. */
export async function removeContainer(daemon: Daemon, idOrName: string): Promise<void> {
  const giveUpAt = performance.now() + goneWithinMs;
  let pauseMs = firstPauseMs;
  while (performance.now() < giveUpAt) {
    // A refused removal is one that is under way (AutoRemove), so asking again does no harm.
    if (await daemon.remove(idOrName)) {
      if (!(await daemon.exists(idOrName))) return;
    }
    await delay(pauseMs);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
  throw new RunnerError('sandbox_failed', 'A container is still there although its removal was asked for.', {
    context: { container: idOrName },
  });
}
