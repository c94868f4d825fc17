import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { claimsThatCount, refillCount, targetSize } from '../../../src/pool/policy.js';

const bounds = { min: 2, max: 30 };
const times = (count: number, at: number): number[] => Array.from({ length: count }, () => at);

describe('targetSize', () => {
  it.each<[string, number[], number]>([
    ['the minimum when nobody comes', [], 2],
    ['a burst in full', times(12, 95_000), 12],
    ['a quarter of the last minute', times(40, 50_000), 10],
    ['no more than the maximum', times(100, 99_000), 30],
    ['the minimum again when a minute has passed', times(100, 39_000), 2],
  ])('is %s', (_name, claims, target) => {
    expect(targetSize(bounds, claims, 100_000)).toBe(target);
  });
});

describe('claimsThatCount', () => {
  const ages = fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 400 });

  it('leaves the target as it is, now and later', () => {
    fc.assert(
      fc.property(ages, fc.integer({ min: 0, max: 60_000 }), (any, laterMs) => {
        const claims = any.map((age) => 100_000 - age).sort((a, b) => a - b);
        const counted = claimsThatCount(bounds, claims, 100_000);
        const now = 100_000 + laterMs;
        expect(targetSize(bounds, counted, now)).toBe(targetSize(bounds, claims, now));
      }),
    );
  });

  it('are as many as the maximum asks for, however many come', () => {
    expect(claimsThatCount(bounds, times(10_000, 99_000), 100_000)).toHaveLength(120);
  });
});

describe('refillCount', () => {
  const state = { target: 4, warm: 0, creating: 0, waiting: 0, room: 100, concurrency: 10 };

  it.each([
    ['the whole target', {}, 4],
    ['what is missing', { warm: 1, creating: 2 }, 1],
    ['one for each that waits besides', { waiting: 3 }, 7],
    ['no more than its share at once', { concurrency: 3, creating: 1 }, 2],
    ['no more than there is room for', { room: 2 }, 2],
    ['nothing for a room that is spoken for', { room: 3, warm: 1, creating: 2, waiting: 5 }, 0],
    ['nothing where there is too much', { warm: 9 }, 0],
  ])('makes %s', (_name, change, count) => {
    expect(refillCount({ ...state, ...change })).toBe(count);
  });

  it('never goes beyond any of its bounds', () => {
    const small = fc.integer({ min: 0, max: 40 });
    const states = { target: small, warm: small, creating: small, waiting: small, room: small, concurrency: small };
    fc.assert(
      fc.property(fc.record(states), (any) => {
        const count = refillCount(any);
        expect(count).toBeGreaterThanOrEqual(0);
        if (count === 0) return;
        expect(any.creating + count).toBeLessThanOrEqual(any.concurrency);
        expect(any.warm + any.creating + count).toBeLessThanOrEqual(any.room);
        expect(any.warm + any.creating + count).toBeLessThanOrEqual(any.target + any.waiting);
      }),
    );
  });
});
