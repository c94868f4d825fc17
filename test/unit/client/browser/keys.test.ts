import { describe, expect, it } from '@jest/globals';
import { controlByte } from '../../../../client/browser/control-byte.js';
import { isHostKey, parseHostKeys, type KeyPress } from '../../../../client/browser/host-keys.js';
import { decideKey } from '../../../../client/browser/key-decision.js';

function press(chord: string): KeyPress {
  const parts = chord.split('+');
  const key = parts.at(-1) ?? '';
  return {
    key,
    code: /^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` : key,
    ctrlKey: parts.includes('Ctrl'),
    altKey: parts.includes('Alt'),
    shiftKey: parts.includes('Shift'),
    metaKey: parts.includes('Meta'),
  };
}

const calm = { hasSelection: false, tabLeaves: false, afterEscape: false, hostKeys: parseHostKeys('Alt+R') };

describe('decideKey', () => {
  it.each([
    ['Ctrl+c', 'program'],
    ['Ctrl+Shift+C', 'copy'],
    ['Ctrl+v', 'page'],
    ['Ctrl+Shift+V', 'page'],
    ['Ctrl+Shift+F', 'find'],
    ['Ctrl+f', 'program'],
    ['Tab', 'program'],
    ['Ctrl+r', 'program'],
    ['Alt+r', 'page'],
    ['Alt+b', 'program'],
    ['Meta+c', 'program'],
  ] as const)('gives %s to: %s', (chord, owner) => {
    expect(decideKey(press(chord), calm)).toBe(owner);
  });

  it('copies with Ctrl+C where text is selected', () => {
    expect(decideKey(press('Ctrl+c'), { ...calm, hasSelection: true })).toBe('copy');
  });

  it('lets Tab and Shift+Tab out after Esc, and always where that was chosen', () => {
    for (const way of [{ afterEscape: true }, { tabLeaves: true }]) {
      expect(decideKey(press('Tab'), { ...calm, ...way })).toBe('page');
      expect(decideKey(press('Shift+Tab'), { ...calm, ...way })).toBe('page');
    }
  });
});

describe('host keys', () => {
  it('are told by the physical key where Alt makes another character of it', () => {
    expect(isHostKey({ ...press('Alt+r'), key: '®' }, parseHostKeys('Alt+R'))).toBe(true);
  });

  it('may be all of a modifier', () => {
    const all = parseHostKeys('Alt+*, Ctrl+Shift+Enter');
    expect(isHostKey(press('Alt+x'), all)).toBe(true);
    expect(isHostKey(press('Ctrl+Shift+Enter'), all)).toBe(true);
    expect(isHostKey(press('Ctrl+Enter'), all)).toBe(false);
    expect(isHostKey(press('x'), all)).toBe(false);
  });

  it('are none where nothing is said', () => {
    expect(parseHostKeys(' ')).toEqual([]);
  });
});

describe('controlByte', () => {
  it.each([
    ['c', '\x03'],
    ['C', '\x03'],
    ['[', '\x1b'],
    [' ', '\0'],
    ['?', '\x7f'],
    ['é', null],
    ['ab', null],
    ['1', null],
  ])('makes of %p %p', (key, byte) => {
    expect(controlByte(key)).toBe(byte);
  });
});
