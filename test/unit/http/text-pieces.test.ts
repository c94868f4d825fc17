import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pieceOf, TextPieces, type Piece } from '../../../src/http/text-pieces.js';

const bytesOf = (piece: Piece): Buffer =>
  'content' in piece ? Buffer.from(piece.content) : Buffer.from(piece.base64, 'base64');

function through(pieces: readonly Buffer[]): Piece[] {
  const text = new TextPieces();
  return [...pieces.map((piece) => text.push(piece)), text.end()].filter((piece) => piece !== null);
}

describe('TextPieces', () => {
  it('are the bytes that went in, however they are cut', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)));
    fc.assert(
      fc.property(pieces, (given) => {
        expect(Buffer.concat(through(given).map(bytesOf))).toEqual(Buffer.concat(given));
      }),
    );
  });

  it('are text alone where the whole is text', () => {
    const cut = fc.tuple(fc.string({ unit: 'grapheme' }), fc.array(fc.nat({ max: 40 })));
    fc.assert(
      fc.property(cut, ([text, cuts]) => {
        const data = Buffer.from(text);
        const at = [0, ...cuts.map((place) => Math.min(place, data.length)).sort((a, b) => a - b), data.length];
        const pieces = at.slice(1).map((end, index) => data.subarray(at[index], end));
        expect(
          through(pieces)
            .map((piece) => ('content' in piece ? piece.content : '?'))
            .join(''),
        ).toBe(text);
      }),
    );
  });

  it('keep a byte order mark', () => {
    expect(pieceOf(Buffer.from('\ufeffa'))).toEqual({ content: '\ufeffa' });
  });
});

describe('pieceOf', () => {
  it('is base64 for what is no text', () => {
    expect(pieceOf(Buffer.from([0x61, 0xff]))).toEqual({ base64: 'Yf8=' });
    expect(pieceOf(Buffer.from('ä').subarray(0, 1))).toEqual({ base64: 'ww==' });
  });

  it('leaves out half a character where the text was cut', () => {
    expect(pieceOf(Buffer.from('aä').subarray(0, 2), true)).toEqual({ content: 'a' });
  });
});
