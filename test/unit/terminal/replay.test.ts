import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cutBytes, withoutQueries } from '../../../src/terminal/replay.js';

const filtered = (text: string): string => withoutQueries(Buffer.from(text)).toString();

describe('withoutQueries', () => {
  it.each([
    ['ENQ', '\x05'],
    ['DECID', '\x1bZ'],
    ['primary device attributes', '\x1b[c'],
    ['primary device attributes with 0', '\x1b[0c'],
    ['secondary device attributes', '\x1b[>c'],
    ['secondary device attributes with 0', '\x1b[>0c'],
    ['tertiary device attributes', '\x1b[=0c'],
    ['device status', '\x1b[5n'],
    ['cursor position', '\x1b[6n'],
    ['private cursor position', '\x1b[?6n'],
    ['terminal parameters', '\x1b[1x'],
    ['the version', '\x1b[>0q'],
    ['an ANSI mode', '\x1b[4$p'],
    ['a private mode', '\x1b[?2026$p'],
    ['the keyboard protocol', '\x1b[?u'],
    ['the window size', '\x1b[14t'],
    ['the size in characters', '\x1b[18t'],
    ['the title', '\x1b[21t'],
    ['a palette colour', '\x1b]4;1;?\x07'],
    ['the foreground colour', '\x1b]10;?\x1b\\'],
    ['the background colour', '\x1b]11;?\x07'],
    ['a setting', '\x1bP$qm\x1b\\'],
    ['termcap', '\x1bP+q544e\x1b\\'],
  ])('takes out the query for %s', (_name, query) => {
    expect(filtered(`before${query}after`)).toBe('beforeafter');
  });

  it.each([
    ['colours', '\x1b[1;38;5;200mred\x1b[0m'],
    ['movements', '\x1b[2J\x1b[H\x1b[3;4H\x1b[10A\x1b[K'],
    ['modes', '\x1b[?2004h\x1b[?1049l\x1b[?25h'],
    ['titles', '\x1b]0;my title\x07'],
    ['a set colour', '\x1b]10;#ffffff\x07'],
    ['a link', '\x1b]8;;https://example.com/?q=1\x1b\\link\x1b]8;;\x1b\\'],
    ['a cursor shape', '\x1b[3 q'],
    ['a set window size', '\x1b[8;24;80t'],
    ['a restored cursor', '\x1b[s\x1b[u'],
    ['UTF-8', 'naïve 猫 🐈 Ž'],
    ['a scroll region and reset', '\x1b[1;24r\x1bc'],
  ])('leaves %s alone', (_name, sequence) => {
    expect(filtered(sequence)).toBe(sequence);
  });

  it('leaves any bytes alone that hold no control characters', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const plain = Buffer.from(bytes.filter((byte) => byte >= 0x20 || byte === 0x0a));
        expect(withoutQueries(plain).equals(plain)).toBe(true);
      }),
    );
  });
});

describe('cutBytes', () => {
  it('cuts after the first line end', () => {
    expect(cutBytes(Buffer.from('half a line\r\nwhole\r\n'))).toBe(13);
  });

  it('cuts nothing where no line ends nearby', () => {
    expect(cutBytes(Buffer.alloc(20_000, 'x'))).toBe(0);
  });
});
