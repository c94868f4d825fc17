import { describe, expect, it } from '@jest/globals';
import { inTurn, medianAdded } from '../../bench/turns.js';

describe('turns', () => {
  it('give each the first place in its round', () => {
    const rounds = [0, 1, 2, 3].map((round) => inTurn(['a', 'b', 'c'], round).join(''));
    expect(rounds).toEqual(['abc', 'bca', 'cab', 'abc']);
  });
});

describe('what one way adds to another', () => {
  it('is the difference between turns, whatever the load of each', () => {
    const [direct, through] = [
      [1, 1, 1, 9, 9, 9, 4, 4, 4],
      [2, 2, 2, 10, 10, 10, 5, 5, 5],
    ];
    expect(medianAdded(direct, through, 3)).toBe(1);
  });

  it('is moved neither by a turn nor by a time that stands out', () => {
    expect(medianAdded([1, 1, 1, 1, 1, 1, 1, 1, 1], [2, 2, 90, 2, 2, 2, 70, 80, 90], 3)).toBe(1);
  });
});
