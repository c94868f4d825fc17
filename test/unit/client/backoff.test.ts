import { describe, expect, it } from '@jest/globals';
import { giveUpAfterMs, nextAttemptMs } from '../../../client/backoff.js';

describe('nextAttemptMs', () => {
  it('doubles up to five seconds', () => {
    const waits = [0, 1, 2, 3, 4, 5, 60].map((attempt) => nextAttemptMs(attempt, 0, () => 1));
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  it('spreads the attempts of many clients over half of the interval', () => {
    expect(nextAttemptMs(1, 0, () => 0)).toBe(200);
    expect(nextAttemptMs(1, 0, () => 0.5)).toBe(300);
  });

  it('does not wait beyond the end, and gives up there', () => {
    expect(nextAttemptMs(9, giveUpAfterMs - 10, () => 1)).toBe(10);
    expect(nextAttemptMs(9, giveUpAfterMs, () => 1)).toBeNull();
  });
});
