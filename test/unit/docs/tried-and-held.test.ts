/** docs/security.md tells of every attack that there is, by its name. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { everyAttack } from '../../attack/attacks/every-attack.js';

describe('The page of what was tried and held', () => {
  it('names every attack once', () => {
    const page = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
    const [, table = ''] = page.split('## Tried and held');
    const cells = table.split('\n').flatMap((line) => line.split(' | ')[1]?.trim().split('; ') ?? []);
    const names = everyAttack.map(({ name }) => name.replace('a subverted agent: ', ''));
    for (const name of names) expect([name, cells.filter((cell) => cell === name)]).toEqual([name, [name]]);
  });
});
