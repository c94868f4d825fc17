/**
 * Bytes as JSON can carry them: text where they are UTF-8, else base64. Of a stream, a character that is cut in two is
 * held back until its other half comes. Pure.
 */

/** One of the two is there. */
export type Piece = { readonly content: string } | { readonly base64: string };

/** A UTF-8 character has this many bytes at most. */
const longest = 4;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param cut whether the last character may be half there, which is then left out of a text */
export function pieceOf(data: Buffer, cut = false): Piece {
  const whole = cut ? data.subarray(0, data.length - unfinished(data)) : data;
  try {
    return { content: strict.decode(whole) };
  } catch {
    return { base64: data.toString('base64') };
  }
}

export class TextPieces {
  #kept: Buffer = Buffer.alloc(0);

  /** What can be told now; null where that is nothing. */
  push(data: Buffer): Piece | null {
    const all = this.#kept.length === 0 ? data : Buffer.concat([this.#kept, data]);
    const whole = all.subarray(0, all.length - unfinished(all));
    this.#kept = Buffer.from(all.subarray(whole.length));
    return whole.length === 0 ? null : pieceOf(whole);
  }

  /** What was held back and found no other half. */
  end(): Piece | null {
    const kept = this.#kept;
    this.#kept = Buffer.alloc(0);
    return kept.length === 0 ? null : pieceOf(kept);
  }
}

/** How many bytes at the end begin a character that is longer than they are. */
function unfinished(data: Buffer): number {
  for (let count = 1; count < longest && count <= data.length; count += 1) {
    const byte = data[data.length - count] ?? 0;
    if (byte >= 0xc0) return lengthOf(byte) > count ? count : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** The length of the character that a byte begins; 1 for what begins none. */
function lengthOf(first: number): number {
  if (first >= 0xf5) return 1;
  if (first >= 0xf0) return 4;
  return first >= 0xe0 ? 3 : 2;
}
