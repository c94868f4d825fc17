/** docs/security.md tells of every target of the fuzzing by its name. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { everyTarget } from '../../fuzz/targets/every-target.js';

describe('The page of what is fuzzed', () => {
  it('names every target once', () => {
    const page = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
    const [, section = ''] = page.split('## Fuzzing');
    const cells = section
      .split('\n')
      .map((line) => /^\| (`[^|]*)\|/.exec(line)?.[1] ?? '')
      .join('\n');
    for (const { name } of everyTarget) expect([name, cells.split(`\`${name}\``).length - 1]).toEqual([name, 1]);
  });
});
