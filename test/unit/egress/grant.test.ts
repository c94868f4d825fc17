import { describe, expect, it } from '@jest/globals';
import { readGrant, writeGrant } from '../../../src/egress/grant.js';

const key = 'k'.repeat(32);
const names = ['pypi.example', 'files.example'];

describe('A grant', () => {
  it('tells a successor with the same key the names of its session', () => {
    expect(readGrant(key, 'a.1', writeGrant(key, 'a.1', names))).toEqual(names);
  });

  it('is worth nothing for another session, with another key, or without one', () => {
    const grant = writeGrant(key, 'a.1', names);
    expect(readGrant(key, 'a.2', grant)).toEqual([]);
    expect(readGrant('x'.repeat(32), 'a.1', grant)).toEqual([]);
    expect(readGrant(null, 'a.1', grant)).toEqual([]);
    expect(writeGrant(null, 'a.1', names)).toBeNull();
  });

  it('is worth nothing once it was changed', () => {
    const grant = JSON.parse(writeGrant(key, 'a.1', names) ?? '') as { names: string[]; seal: string };
    const forged = [
      { ...grant, names: [...names, 'evil.example'] },
      { ...grant, names: [names.join(',')] },
      { ...grant, seal: '' },
      { ...grant, seal: 'é'.repeat(32) },
      { names },
      null,
      [],
    ].map((value) => JSON.stringify(value));
    for (const text of [...forged, '', '{', 'x'.repeat(5000)]) expect(readGrant(key, 'a.1', text)).toEqual([]);
    expect(readGrant(key, 'a.1', null)).toEqual([]);
  });
});
