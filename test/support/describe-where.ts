/**
 * Suites and tests that need a part which not every machine has. Where it is missing they are skipped by name, so that a laptop
 * runs what it can; scripts/test.mjs lets nothing be skipped in CI.
 */
import { describe, it } from '@jest/globals';
import type { Ground } from './grounds.js';

export function describeWhere(possible: boolean): typeof describe | typeof describe.skip {
  return possible ? describe : describe.skip;
}

export function itWhere(possible: boolean): typeof it | typeof it.skip {
  return possible ? it : it.skip;
}

/** A suite for each of these grounds, whose names follow the title. */
export function describeOnEach(grounds: readonly Ground[], title: string, suite: (ground: Ground) => void): void {
  for (const ground of grounds) {
    describeWhere(ground.available)(`${title} ${ground.name}`, () => {
      suite(ground);
    });
  }
}
