import { describe, expect, it } from '@jest/globals';
import type { ITerminalAddon, Terminal } from '@xterm/xterm';
import { Finder } from '../../../../client/browser/finder.js';

describe('Finder', () => {
  it('loads its addon once, however quickly it is asked', async () => {
    const loaded: ITerminalAddon[] = [];
    const loadAddon = (addon: ITerminalAddon): void => {
      loaded.push(addon);
    };
    // All of a terminal that it touches before it finds something.
    const finder = new Finder({ loadAddon } as unknown as Terminal);
    await Promise.allSettled([finder.find('a', 'next'), finder.find('a', 'next')]);
    expect(loaded).toHaveLength(1);
  });
});
