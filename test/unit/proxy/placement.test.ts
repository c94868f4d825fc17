import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { maxTries, placementOrder, type Candidate } from '../../../proxy/placement.js';

const candidate = fc.record({
  url: fc.uuid(),
  warm: fc.integer({ min: 0, max: 4 }),
  free: fc.integer({ min: -5, max: 10 }),
  load: fc.integer({ min: 0, max: 4 }),
});
const random = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));
const roomy = { url: 'x', warm: 1, free: 10, load: 1 };

/** Which of two comes first, whatever is drawn. */
function firstOf(a: Partial<Candidate>, b: Partial<Candidate>): string {
  const two = [
    { ...roomy, url: 'a', ...a },
    { ...roomy, url: 'b', ...b },
  ];
  const firsts = [0, 0.99].map((drawn) => placementOrder(two, () => drawn)[0]);
  expect(new Set(firsts).size).toBe(1);
  return firsts[0] ?? '';
}

describe('placementOrder', () => {
  it('tries three different replicas, or all that there are, those with room first', () => {
    fc.assert(
      fc.property(fc.uniqueArray(candidate, { selector: ({ url }) => url }), random, (candidates, numbers) => {
        const order = placementOrder(candidates, () => Number(numbers.next().value));
        const free = new Map(candidates.map((each) => [each.url, each.free]));
        expect(new Set(order).size).toBe(Math.min(maxTries, candidates.length));
        const isRoomy = order.map((url) => (free.get(url) ?? 0) > 0);
        const roomy = candidates.filter((each) => each.free > 0).length;
        expect(isRoomy).toEqual(order.map((_, at) => at < roomy));
      }),
    );
  });

  it('lets the worse of two meet a third', () => {
    const candidates = [4, 1, 2, 3].map((warm) => ({ ...roomy, url: String(warm), warm }));
    // Draws from the end: 3 and 2, then 1, then 4.
    const draws = [0.99, 0.99, 0.99, 0.99][Symbol.iterator]();
    expect(placementOrder(candidates, () => draws.next().value ?? 0)).toEqual(['3', '2', '4']);
  });

  it('prefers warm sandboxes, then free sessions, then the less loaded host, and nothing to room', () => {
    expect(firstOf({ warm: 2, free: 1, load: 9 }, { warm: 1, free: 9, load: 0 })).toBe('a');
    expect(firstOf({ free: 5, load: 0 }, { free: 6, load: 9 })).toBe('b');
    expect(firstOf({ load: 0.5 }, { load: 0.4 })).toBe('b');
    expect(firstOf({ free: 0, warm: 4 }, { free: 1, warm: 0 })).toBe('b');
  });

  it('draws its two at random, all alike', () => {
    const alike = ['a', 'b', 'c', 'd'].map((url) => ({ ...roomy, url }));
    const firsts = new Map<string, number>();
    for (let round = 0; round < 4_000; round += 1) {
      const [url = ''] = placementOrder(alike, Math.random);
      firsts.set(url, (firsts.get(url) ?? 0) + 1);
    }
    for (const count of firsts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  });

  it('chooses the fuller of all replicas only by chance, and the fullest never first', () => {
    const candidates = [10, 20, 30].map((free) => ({ ...roomy, url: String(free), free }));
    const first = new Map<string, number>();
    for (let round = 0; round < 3000; round += 1) {
      const [url = ''] = placementOrder(candidates, Math.random);
      first.set(url, (first.get(url) ?? 0) + 1);
    }
    expect(first.get('10')).toBeUndefined();
    expect(first.get('30')).toBeGreaterThan(first.get('20') ?? Infinity);
  });

  it('has nothing to choose from nothing', () => {
    expect(placementOrder([], Math.random)).toEqual([]);
  });
});
