/** When to try a lost connection again. Pure; the clock and the dice are given to it. */

/** How long a lost connection is tried again: the runner holds output back for as long (`resume_grace`). */
export const giveUpAfterMs = 60_000;
const firstMs = 200;
const longestMs = 5_000;

/**
 * Milliseconds to wait before attempt 0, 1, …: between half and all of an interval that doubles up to 5 s, so that the
 * clients of a runner that restarts do not all come at once. null when it is no longer worth it.
 */
export function nextAttemptMs(attempt: number, lostForMs: number, random: () => number): number | null {
  if (lostForMs >= giveUpAfterMs) return null;
  const interval = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 10));
  return Math.min(interval * (0.5 + random() / 2), giveUpAfterMs - lostForMs);
}
