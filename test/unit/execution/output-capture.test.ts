import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { OutputCapture } from '../../../src/execution/output-capture.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const never = (): void => {
  throw new Error('nothing fails here');
};

describe('OutputCapture', () => {
  it('leaves no listener on the signal that it waited with', async () => {
    const { signal } = new AbortController();
    const capture = new OutputCapture(100, undefined, never);
    void capture.take('stdout', Buffer.from('said'));
    await capture.settled(signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(capture.of('stdout', false)).toEqual({ data: Buffer.from('said'), truncated: false });
  });

  it('waits for whoever takes the output, but no longer than the signal', async () => {
    const giveUp = new AbortController();
    const stuck = new Promise<void>(() => undefined);
    const capture = new OutputCapture(100, () => stuck, never);
    void capture.take('stdout', Buffer.from('said'));
    const settled = capture.settled(giveUp.signal);
    giveUp.abort();
    await settled;
    expect(getEventListeners(giveUp.signal, 'abort')).toEqual([]);
  });

  it('keeps output that comes byte by byte in little more than its bytes', () => {
    const capture = new OutputCapture(1_000_000, undefined, never);
    const before = heldBytes();
    for (let count = 0; count < 300_000; count += 1) void capture.take('stdout', Buffer.from('x'));
    expect(heldBytes() - before).toBeLessThan(3_000_000);
    expect(capture.of('stdout', false).data.toString()).toBe('x'.repeat(300_000));
  });
});
