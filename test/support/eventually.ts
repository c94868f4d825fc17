/** Waits for a condition that nothing tells of, by looking again and again; rejects when it does not come about. */
import { setTimeout as pause } from 'node:timers/promises';

const lookAgainMs = 10;

/** @param what named in the rejection; a function is asked then, and may say what there is instead */
export async function eventually(
  what: string | (() => string),
  condition: () => boolean | Promise<boolean>,
  patienceMs = 30_000,
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) {
      throw new Error(`waited ${patienceMs} ms in vain for ${typeof what === 'string' ? what : what()}`);
    }
    await pause(lookAgainMs);
  }
}
