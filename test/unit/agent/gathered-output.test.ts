import { describe, expect, it } from '@jest/globals';
import { GatheredOutput } from '../../../src/agent/gathered-output.js';

function gathered(): { output: GatheredOutput; delivered: [number, string][] } {
  const delivered: [number, string][] = [];
  const output = new GatheredOutput((offset, data) => {
    delivered.push([offset, data.toString()]);
  });
  return { output, delivered };
}

const bytes = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

describe('GatheredOutput', () => {
  it('delivers what follows on each other as one piece, once', () => {
    const { output, delivered } = gathered();
    output.add(5, bytes('he', '', 'llo'));
    output.add(10, bytes(' world'));
    expect(delivered).toEqual([]);
    output.flush();
    output.flush();
    expect(delivered).toEqual([[5, 'hello world']]);
  });

  it('delivers what came before a jump on its own', () => {
    const { output, delivered } = gathered();
    output.add(0, bytes('old'));
    output.add(9, bytes('new'));
    output.flush();
    expect(delivered).toEqual([
      [0, 'old'],
      [9, 'new'],
    ]);
  });

  it('goes on where it was after a flush', () => {
    const { output, delivered } = gathered();
    output.add(0, bytes('a'));
    output.flush();
    output.add(1, bytes('b'));
    output.flush();
    expect(delivered).toEqual([
      [0, 'a'],
      [1, 'b'],
    ]);
  });

  it('hands a single piece on without a copy', () => {
    const piece = Buffer.from('whole');
    let got: Buffer | null = null;
    const output = new GatheredOutput((_, data) => {
      got = data;
    });
    output.add(0, [piece]);
    output.flush();
    expect(got).toBe(piece);
  });
});
