import { describe, expect, it } from '@jest/globals';
import { unlimited } from '../../../src/agent/agent-connection.js';
import { readLimit, worthTelling } from '../../../src/terminal/flow.js';
import { logCapacityBytes } from '../../../src/terminal/output-log.js';

const step = BigInt(logCapacityBytes / 8);

describe('the rule of flow', () => {
  it('lets a program without an owner run free', () => {
    expect(readLimit({ kind: 'none' })).toBe(unlimited);
  });

  it('holds it to a log past what the owner has acknowledged', () => {
    expect(readLimit({ kind: 'governed', acknowledged: 1000 })).toBe(BigInt(1000 + logCapacityBytes));
  });

  it.each<[string, bigint, bigint, boolean]>([
    ['the same', 5n, 5n, false],
    ['the first limit', unlimited, 5n, true],
    ['its end', 5n, unlimited, true],
    ['a lower one', 5n, 4n, true],
    ['a small step', 5n, 4n + step, false],
    ['a step of an eighth', 5n, 5n + step, true],
  ])('tells %s or not', (_name, previous, next, worth) => {
    expect(worthTelling(previous, next)).toBe(worth);
  });
});
