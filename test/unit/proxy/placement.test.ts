import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { placementOrder } from '../../../proxy/placement.js';

const candidate = fc.record({ url: fc.uuid(), free: fc.integer({ min: -5, max: 100 }) });
const random = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));

describe('placementOrder', () => {
  it('tries every replica once, the better of the first two first', () => {
    fc.assert(
      fc.property(fc.uniqueArray(candidate, { selector: ({ url }) => url }), random, (candidates, numbers) => {
        const order = placementOrder(candidates, () => Number(numbers.next().value));
        const free = new Map(candidates.map((each) => [each.url, each.free]));
        expect([...order].sort()).toEqual([...free.keys()].sort());
        const [first = '', second = ''] = order;
        if (order.length > 1) expect(free.get(first)).toBeGreaterThanOrEqual(free.get(second) ?? NaN);
      }),
    );
  });

  it('chooses the fuller of all replicas only by chance, and the fullest never first', () => {
    const candidates = [10, 20, 30].map((free) => ({ url: String(free), free }));
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
