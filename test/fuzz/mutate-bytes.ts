/**
 * Bytes that are nearly valid: one of a corpus, changed in a few places. Nearly, since what is wrong at its first byte is
 * refused there and tests nothing behind it.
 */
import type { Random } from '../support/random.js';

/** Where numbers, signs and lengths turn over. */
const oddNumbers = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
];
const maxBytes = 128 * 1024;

type Mutation = (bytes: Buffer, random: Random, corpus: readonly Buffer[]) => Buffer;

const mutations: readonly Mutation[] = [
  (bytes, random) => changed(bytes, random, (at) => bytes.readUInt8(at) ^ (1 << random.below(8))),
  (bytes, random) => changed(bytes, random, () => random.below(256)),
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random, corpus) => {
    const other = random.pick(corpus);
    const [from, to] = range(other, random);
    const at = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(from, to), bytes.subarray(at)]);
  },
  (bytes, random) => {
    const size = random.pick([1, 2, 4]);
    if (bytes.length < size) return bytes;
    const value = random.pick(oddNumbers) % 2 ** (8 * size);
    const at = random.below(bytes.length - size + 1);
    const copy = Buffer.from(bytes);
    if (random.percent(50)) copy.writeUIntBE(value, at, size);
    else copy.writeUIntLE(value, at, size);
    return copy;
  },
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    const filling = Buffer.alloc(1 + random.below(random.pick([4, 64, 1024])), random.below(256));
    return Buffer.concat([bytes.subarray(0, at), filling, bytes.subarray(at)]);
  },
];

/** One of the corpus, changed in one place or a few. */
export function mutatedBytes(random: Random, corpus: readonly Buffer[]): Buffer {
  let bytes = random.pick(corpus);
  do bytes = random.pick(mutations)(bytes, random, corpus);
  while (random.percent(40));
  return bytes.subarray(0, maxBytes);
}

/** The bytes in pieces, as a network might cut them; an empty one among them now and then. */
export function inPieces(random: Random, bytes: Buffer): Buffer[] {
  if (random.percent(30)) return [bytes];
  const most = random.pick([1, 7, 600, 70_000]);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = pieces.length > 200 ? bytes.length : random.below(most + 1);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

function changed(bytes: Buffer, random: Random, value: (at: number) => number): Buffer {
  if (bytes.length === 0) return bytes;
  const copy = Buffer.from(bytes);
  const at = random.below(copy.length);
  copy.writeUInt8(value(at), at);
  return copy;
}

function range(bytes: Buffer, random: Random): [number, number] {
  const from = random.below(bytes.length + 1);
  return [from, Math.min(bytes.length, from + 1 + random.below(random.pick([2, 16, 512])))];
}
