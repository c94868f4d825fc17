import { describe, expect, it } from '@jest/globals';
import { lookIntervalMs } from '../../../proxy/look-interval.js';

const interval = (failures: number): number => lookIntervalMs(failures, 1_000, 0.5);

describe('lookIntervalMs', () => {
  it('is the usual one for a replica that answers', () => {
    expect(interval(0)).toBe(1_000);
  });

  it('begins small after a failure and doubles, to no more than the usual one', () => {
    expect([1, 2, 3, 4, 5, 6, 1_000_000].map(interval)).toEqual([62.5, 125, 250, 500, 1_000, 1_000, 1_000]);
  });

  it('differs by a tenth either way', () => {
    expect(lookIntervalMs(0, 1_000, 0)).toBe(900);
    expect(lookIntervalMs(0, 1_000, 1)).toBe(1_100);
  });
});
