import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  encodeFrame,
  FrameDecoder,
  FrameError,
  frameTypes,
  maxPayloadBytes,
  payloadOf,
} from '../../../src/agent/frame.js';

const fromAgent = [
  frameTypes.data,
  frameTypes.end,
  frameTypes.credit,
  frameTypes.synced,
  frameTypes.denied,
  frameTypes.unheld,
  frameTypes.pong,
  frameTypes.response,
  frameTypes.event,
  frameTypes.output,
];
const frames = fc.array(
  fc.record({ type: fc.constantFrom(...fromAgent), payload: fc.uint8Array({ maxLength: 300 }) }),
  {
    maxLength: 12,
  },
);

function chunked(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  return edges.slice(1).map((edge, index) => stream.subarray(edges[index], edge));
}

function decoded(decoder: FrameDecoder, chunks: readonly Buffer[]): { type: number; payload: Buffer }[] {
  return chunks.flatMap((chunk) =>
    [...decoder.push(chunk)].map((frame) => ({ type: frame.type, payload: payloadOf(frame) })),
  );
}

describe('FrameDecoder', () => {
  it('gives back what was encoded, however it is cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat()), (sent, cuts) => {
        const stream = Buffer.concat(sent.map(({ type, payload }) => encodeFrame(type, payload)));
        const got = decoded(new FrameDecoder(), chunked(stream, cuts));
        expect(got).toEqual(sent.map(({ type, payload }) => ({ type, payload: Buffer.from(payload) })));
      }),
    );
  });

  it('takes a frame of the largest size and joins its parts', () => {
    const payload = Buffer.alloc(maxPayloadBytes, 7);
    const frame = encodeFrame(frameTypes.data, payload.subarray(0, 5), payload.subarray(5));
    expect(decoded(new FrameDecoder(), [frame])[0]?.payload.equals(payload)).toBe(true);
  });

  it('refuses a frame of which any one bit was turned over', () => {
    const frame = encodeFrame(frameTypes.response, Buffer.from('{"id":1}'));
    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const damaged = Buffer.from(frame);
      damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const decode = () => decoded(new FrameDecoder(), [damaged]);
      // A longer length only makes it wait; everything else is seen at once.
      const longer = damaged.readUInt32BE(1) > 8 && damaged.readUInt32BE(1) <= maxPayloadBytes;
      if (longer && damaged.readUInt8(0) === frameTypes.response) expect(decode()).toEqual([]);
      else expect(decode).toThrow(FrameError);
    }
  });

  it('refuses a length beyond the bound before the payload comes', () => {
    const header = Buffer.from([frameTypes.data, 0, 1, 0, 1]);
    expect(() => decoded(new FrameDecoder(), [header])).toThrow('a frame of 65537 bytes');
  });

  it.each([frameTypes.noop, frameTypes.sync, frameTypes.request, frameTypes.flow, 6, 35, 72, 255])(
    'refuses type %d, which no agent sends',
    (type) => {
      expect(() => decoded(new FrameDecoder(), [Buffer.from([type, 0, 0, 0, 0])])).toThrow(`a frame of type ${type}`);
    },
  );

  it('finds its nonce behind garbage and half frames', () => {
    const nonce = Buffer.from('0123456789abcdef');
    const synced = encodeFrame(frameTypes.synced, nonce, Buffer.from('{}'));
    const after = encodeFrame(frameTypes.pong);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        frames,
        fc.nat(),
        fc.array(fc.nat(), { maxLength: 40 }),
        (garbage, whole, cut, cuts) => {
          const before = Buffer.concat(whole.map(({ type, payload }) => encodeFrame(type, payload)));
          const half = before.subarray(cut % (before.length + 1));
          const decoder = new FrameDecoder();
          decoder.seek(nonce);
          const got = decoded(decoder, chunked(Buffer.concat([garbage, half, synced, after]), cuts));
          expect(got.map(({ type }) => type)).toEqual([frameTypes.synced, frameTypes.pong]);
        },
      ),
    );
  });

  it('drops what it had half of when it seeks', () => {
    const decoder = new FrameDecoder();
    const nonce = Buffer.alloc(16, 0xaa);
    decoded(decoder, [encodeFrame(frameTypes.output, Buffer.alloc(100)).subarray(0, 50)]);
    decoder.seek(nonce);
    expect(decoded(decoder, [encodeFrame(frameTypes.denied, nonce)])).toHaveLength(1);
  });

  it('copies nothing of a payload that comes in a few chunks, and keeps few pieces of one that trickles in', () => {
    const frame = encodeFrame(frameTypes.output, Buffer.alloc(maxPayloadBytes, 7));
    const decoder = new FrameDecoder();
    const halves = [frame.subarray(0, 40_000), frame.subarray(40_000)];
    const [whole] = halves.flatMap((chunk) => [...decoder.push(chunk)]);
    expect(whole?.pieces.map(({ buffer, length }) => [buffer === frame.buffer, length])).toEqual([
      [true, 39_995],
      [true, maxPayloadBytes - 39_995],
    ]);
    const [trickled] = [...frame].flatMap((byte) => [...decoder.push(Buffer.from([byte]))]);
    expect(trickled?.pieces.length).toBeLessThanOrEqual(33);
    expect(trickled === undefined ? null : payloadOf(trickled).equals(frame.subarray(5, -4))).toBe(true);
  });

  it('keeps next to nothing while it seeks', () => {
    const decoder = new FrameDecoder();
    decoder.seek(Buffer.alloc(16, 0xaa));
    const before = process.memoryUsage().arrayBuffers;
    for (let index = 0; index < 400; index += 1) decoded(decoder, [Buffer.alloc(256 * 1024)]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(80 * 1024 * 1024);
  });

  it('meets any bytes with frames or a FrameError and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }), (chunks) => {
        const decoder = new FrameDecoder();
        try {
          decoded(
            decoder,
            chunks.map((chunk) => Buffer.from(chunk)),
          );
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
      { seed: 20, numRuns: 500 },
    );
  });
});

describe('encodeFrame', () => {
  it('refuses a payload beyond the bound', () => {
    expect(() => encodeFrame(frameTypes.data, Buffer.alloc(maxPayloadBytes), Buffer.alloc(1))).toThrow(RangeError);
  });

  it('writes big endian lengths, so that a header cut short never names a longer payload', () => {
    expect([...encodeFrame(frameTypes.end, Buffer.alloc(4)).subarray(0, 5)]).toEqual([33, 0, 0, 0, 4]);
  });
});
