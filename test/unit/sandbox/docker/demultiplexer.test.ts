import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Demultiplexer, type MultiplexedStream } from '../../../../src/sandbox/docker/demultiplexer.js';

function frame(stream: MultiplexedStream, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream === 'stdout' ? 1 : 2;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

const frames = fc.array(
  fc.record({
    stream: fc.constantFrom<MultiplexedStream>('stdout', 'stderr'),
    payload: fc.uint8Array({ maxLength: 50 }),
  }),
);

function demultiplex(chunks: readonly Buffer[]) {
  const out: Record<MultiplexedStream, Buffer[]> = { stdout: [], stderr: [] };
  const demultiplexer = new Demultiplexer((stream, piece) => out[stream].push(piece));
  for (const chunk of chunks) demultiplexer.push(chunk);
  return out;
}

describe('Demultiplexer', () => {
  it('gives each stream its bytes however the frames are cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (sent, sizes) => {
        const wire = Buffer.concat(sent.map(({ stream, payload }) => frame(stream, payload)));
        const chunks: Buffer[] = [];
        for (let at = 0, turn = 0; at < wire.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(wire.subarray(at, at + size));
          at += size;
        }
        const out = demultiplex(chunks);
        for (const stream of ['stdout', 'stderr'] as const) {
          const wanted = sent.filter((one) => one.stream === stream).map(({ payload }) => payload);
          expect(Buffer.concat(out[stream])).toEqual(Buffer.concat(wanted));
        }
      }),
    );
  });

  it('hands a payload on before all of it has come, and never an empty piece', () => {
    const wire = Buffer.concat([frame('stdout', Buffer.alloc(0)), frame('stdout', Buffer.from('hello'))]);
    expect(demultiplex([wire.subarray(0, 18)]).stdout.map(String)).toEqual(['he']);
  });

  it('copies no payload', () => {
    const wire = frame('stdout', Buffer.from('hello'));
    const [piece] = demultiplex([wire]).stdout;
    wire.write('J', 8);
    expect(String(piece)).toBe('Jello');
  });

  it.each([
    ['of a stream that there is not', Buffer.from([3, 0, 0, 0, 0, 0, 0, 1])],
    ['whose padding is not zero', Buffer.from([1, 0, 0, 1, 0, 0, 0, 1])],
    ['of a container with a TTY', Buffer.from('Python 3.13')],
  ])('throws at a header %s', (_name, wire) => {
    expect(() => demultiplex([wire])).toThrow('multiplexed');
  });
});
