/** Waits for what can only be looked at, not listened to: bounded, and it says what did not come true. */
import { setTimeout as pause } from 'node:timers/promises';

const defaultPatienceMs = 10_000;
const lookAgainMs = 20;

/** Resolves once the two are equal; rejects with what there is instead. */
export async function untilEqual<T extends number | string>(
  look: () => T | Promise<T>,
  wanted: T,
  patienceMs = defaultPatienceMs,
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (seen === wanted) return;
    if (performance.now() > giveUpAt) throw new Error(`it is ${seen} and does not become ${wanted}`);
    await pause(lookAgainMs);
  }
}
