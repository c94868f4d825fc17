/** Waits for a condition that nothing tells of, by looking again and again; rejects when it does not come about. */
import { setTimeout as pause } from 'node:timers/promises';
import { patienceMs } from './patience.js';

const lookAgainMs = 10;

/** @param what named in the rejection; a function is asked then, and may say what there is instead */
export async function eventually(
  what: string | (() => string),
  condition: () => boolean | Promise<boolean>,
  waitMs = patienceMs,
): Promise<void> {
  const giveUpAt = performance.now() + waitMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) {
      throw new Error(`waited ${waitMs} ms in vain for ${typeof what === 'string' ? what : what()}`);
    }
    await pause(lookAgainMs);
  }
}
