import { describe, expect, it } from '@jest/globals';
import { Rota } from '../../../src/terminal/rota.js';

describe('Rota', () => {
  const parts = 10;
  const round = (rota: Rota<number>): number[][] => Array.from({ length: parts }, () => [...rota.next()]);

  it('gives each member one turn a round, and no turn to more than its share of them', () => {
    const rota = new Rota<number>(parts);
    const members = Array.from({ length: 1_000 }, (_, member) => member);
    for (const member of members) rota.add(member);
    const turns = round(rota);
    expect(turns.flat().sort((a, b) => a - b)).toEqual(members);
    expect(Math.max(...turns.map(({ length }) => length))).toBe(100);
  });

  it('has no turn for those that were taken out, and fills their places first', () => {
    const rota = new Rota<number>(parts);
    const [leave] = Array.from({ length: parts }, (_, member) => rota.add(member));
    leave?.();
    expect(rota.size).toBe(parts - 1);
    rota.add(99);
    expect(round(rota).map(({ length }) => length)).toEqual(Array.from({ length: parts }, () => 1));
  });
});
