import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { beatPlaces, nextBeat } from '../../../src/agent/beat.js';

describe('nextBeat', () => {
  const places = fc.integer({ min: 0, max: beatPlaces - 1 });

  it('comes once an interval, whenever it is looked for', () => {
    fc.assert(
      fc.property(places, fc.double({ min: 0, max: 1e9, noNaN: true }), (place, moment) => {
        const beat = nextBeat(2_000, place, moment);
        expect(beat).toBeGreaterThan(moment);
        expect(beat - moment).toBeLessThanOrEqual(2_000);
        expect(nextBeat(2_000, place, beat)).toBe(beat + 2_000);
      }),
    );
  });

  it('is at another moment for each place', () => {
    const beats = Array.from({ length: beatPlaces }, (_, place) => nextBeat(2_000, place, 0));
    expect(new Set(beats).size).toBe(beatPlaces);
  });
});
