import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { logCapacityBytes, OutputLog } from '../../../src/terminal/output-log.js';

const step = fc.record({
  gap: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 5_000 }) }),
  size: fc.oneof(fc.nat({ max: 5_000 }), fc.nat({ max: 100_000 }), fc.constant(logCapacityBytes + 3)),
  readAt: fc.double({ min: 0, max: 1, noNaN: true }),
  readSize: fc.nat({ max: 300_000 }),
});

describe('OutputLog', () => {
  it('is a window over all that was written, whatever is appended, skipped and read', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000_000 }), fc.array(step, { maxLength: 25 }), (first, steps) => {
        const log = new OutputLog(first);
        let kept = Buffer.alloc(0);
        let end = first;
        steps.forEach(({ gap, size, readAt, readSize }, index) => {
          const data = Buffer.alloc(size, `${index} `);
          expect(log.append(end + gap, data)).toBe(gap === 0);
          kept = Buffer.concat([gap === 0 ? kept : Buffer.alloc(0), data]).subarray(-logCapacityBytes);
          end += gap + size;
          expect(log.end).toBe(end);
          // The ring may keep less than the capacity only where no more was ever written.
          expect(log.start).toBe(end - kept.length);
          const at = Math.floor(readAt * kept.length);
          expect(log.read(log.start + at, readSize).equals(kept.subarray(at, at + readSize))).toBe(true);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('refuses offsets that go backwards and reads outside of it', () => {
    const log = new OutputLog(10);
    log.append(10, Buffer.from('abc'));
    expect(() => log.append(12, Buffer.from('x'))).toThrow(RangeError);
    expect(() => log.read(9, 1)).toThrow(RangeError);
    expect(() => log.read(14, 1)).toThrow(RangeError);
    expect(log.read(13, 1)).toHaveLength(0);
  });

  it('gives out copies', () => {
    const log = new OutputLog();
    log.append(0, Buffer.from('abc'));
    log.read(0, 3).fill('x');
    expect(log.read(0, 3).toString()).toBe('abc');
  });
});
