import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TokenBuckets } from '../../src/token-bucket.js';

describe('TokenBuckets', () => {
  it('lets a burst through, then as many a second as it says', () => {
    const buckets = new TokenBuckets({ perSecond: 2, burst: 3 });
    expect([1, 2, 3].map(() => buckets.take('a', 1_000))).toEqual([0, 0, 0]);
    expect(buckets.take('a', 1_000)).toBe(500);
    expect(buckets.take('a', 1_400)).toBeCloseTo(100);
    expect(buckets.take('a', 1_500)).toBe(0);
    expect(buckets.take('a', 1_500)).toBe(500);
  });

  it('gives the burst back after a pause, and never more', () => {
    const buckets = new TokenBuckets({ perSecond: 10, burst: 2 });
    expect([0, 0, 1_000_000, 1_000_000].map((now) => buckets.take('a', now))).toEqual([0, 0, 0, 0]);
    expect(buckets.take('a', 1_000_000)).toBeGreaterThan(0);
  });

  it('counts each key on its own', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 });
    expect(['a', 'b', 'a'].map((key) => buckets.take(key, 0))).toEqual([0, 0, 1_000]);
  });

  it('never lets more through in any stretch of time than burst and rate allow, nor refuses what they do', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 100 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), (waits, perSecond, burst) => {
        const buckets = new TokenBuckets({ perSecond, burst });
        let now = 0;
        const taken: number[] = [];
        for (const wait of waits) {
          now += wait;
          const waitMs = buckets.take('a', now);
          if (waitMs === 0) taken.push(now);
          // What it is told to wait for is there then; a refusal has cost nothing.
          else expect(new Set([waitMs, buckets.take('a', now)]).size).toBe(1);
        }
        for (const [first, from] of taken.entries()) {
          for (const [last, to] of taken.entries()) {
            if (last > first)
              expect(last - first + 1).toBeLessThanOrEqual(burst + ((to - from) / 1000) * perSecond + 1e-6);
          }
        }
      }),
    );
  });

  it('forgets keys that have paused, and the least recently used beyond a bound', () => {
    const buckets = new TokenBuckets({ perSecond: 0.001, burst: 1 });
    for (let key = 0; key < 100_001; key += 1) buckets.take(String(key), 0);
    expect(buckets.take('0', 0)).toBe(0);
    expect(buckets.take('100000', 0)).toBeGreaterThan(0);
  });
});
