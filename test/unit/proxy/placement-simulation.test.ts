/** Placement at a size that nobody has on a desk; docs/scaling.md quotes what is held here. */
import { describe, expect, it } from '@jest/globals';
import { FleetSimulation, type FleetParts, type Placed } from '../../support/fleet-simulation.js';
import { Random } from '../../support/random.js';

const fleet: FleetParts = { replicas: 1_000, maxSessions: 12, pool: 4, refillMs: 300, proxies: 4, pollMs: 1_000 };
const places = fleet.replicas * fleet.maxSessions;

/** Everybody in the hall presses Start within `burstMs`. */
function lecture(learners: number, burstMs: number): { results: Placed[]; sessions: number[] } {
  const simulation = new FleetSimulation(fleet, new Random(20_261_121));
  const results = Array.from({ length: learners }, (_, learner) => simulation.start((learner / learners) * burstMs));
  return { results, sessions: simulation.replicas.map((replica) => replica.sessions) };
}

const share = (results: readonly Placed[], matches: (result: Placed) => boolean): number =>
  results.filter(matches).length / results.length;

describe('a lecture’s burst on 1,000 replicas behind 4 proxies', () => {
  it('fills a third of them within two seconds, evenly, at the first try and from the warm pool', () => {
    const { results, sessions } = lecture(places / 3, 2_000);
    expect(share(results, ({ tries }) => tries === 1)).toBe(1);
    expect(share(results, ({ outcome }) => outcome === 'warm')).toBeGreaterThan(0.99);
    // Four each on average.
    expect(Math.max(...sessions)).toBeLessThanOrEqual(8);
    expect(sessions.filter((count) => count >= 2 && count <= 6).length).toBeGreaterThan(fleet.replicas * 0.95);
  });

  it('fills nine tenths of them within ten seconds, and refuses not one in a thousand', () => {
    const { results, sessions } = lecture(places * 0.9, 10_000);
    expect(share(results, ({ outcome }) => outcome === 'refused')).toBeLessThan(0.001);
    expect(share(results, ({ tries }) => tries === 1)).toBeGreaterThan(0.99);
    expect(share(results, ({ outcome }) => outcome === 'warm')).toBeGreaterThan(0.99);
    expect(Math.min(...sessions)).toBeGreaterThanOrEqual(4);
  });

  it('begins to refuse when they are nearly full, gives out every place, and refuses the rest', () => {
    const { results, sessions } = lecture(places * 1.1, 10_000);
    const refusedAt = results.flatMap(({ outcome }, index) => (outcome === 'refused' ? [index] : []));
    expect(refusedAt[0]).toBeGreaterThan(places * 0.9);
    expect(refusedAt).toHaveLength(places * 0.1);
    expect(new Set(sessions)).toEqual(new Set([fleet.maxSessions]));
  });
});
