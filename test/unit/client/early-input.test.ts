import { describe, expect, it } from '@jest/globals';
import { EarlyInput } from '../../../client/early-input.js';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

describe('EarlyInput', () => {
  it.each(['a', '\r', '\x03', '\x1b', '\x1b[A', '\x1bOC', '\x1b[15~', '\x1b[200~pasted\x1b[201~', 'ünï', '\x1bb'])(
    'keeps what a person types: %j',
    (typed) => {
      const early = new EarlyInput();
      expect(early.keep(bytes(typed))).toBe(true);
      expect(early.take().map((data) => Buffer.from(data).toString())).toEqual([typed]);
      expect(early.take()).toEqual([]);
    },
  );

  it.each([
    '\x1b[?62;1c',
    '\x1b[>0;276;0c',
    '\x1b[12;40R',
    '\x1b[0n',
    '\x1b[?2026;2$y',
    '\x1b[8;24;80t',
    '\x1b[I',
    '\x1b]11;rgb:0000/0000/0000\x1b\\',
    '\x1bP1+r544e=787465726d\x1b\\',
    '\x1b[?62;1c\x1b[12;40R',
  ])('drops what a terminal answers by itself: %j', (answer) => {
    const early = new EarlyInput();
    expect(early.keep(bytes(answer))).toBe(false);
    expect(early.take()).toEqual([]);
  });

  it('takes no time over an answer that never ends', () => {
    const text = `\x1b]${'1'.repeat(65_000)}`;
    const began = process.cpuUsage();
    expect(new EarlyInput().keep(bytes(text))).toBe(true);
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(1_000);
  });

  it('keeps a bounded amount', () => {
    const early = new EarlyInput();
    expect(early.keep(new Uint8Array(60_000).fill(97))).toBe(true);
    expect(early.keep(new Uint8Array(60_000).fill(97))).toBe(false);
    expect(early.keep(bytes('x'))).toBe(true);
  });
});
