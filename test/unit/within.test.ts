import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { late, within } from '../../src/within.js';
import { useFakeClock } from '../doubles/fake-clock.js';

describe('within', () => {
  beforeEach(useFakeClock);
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('gives what the work gives, or fails as it fails', async () => {
    expect(await within(1_000, Promise.resolve('done'))).toBe('done');
    await expect(within(1_000, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('waits no longer than the bound, and minds no failure that comes later', async () => {
    let fail: (error: Error) => void = () => undefined;
    const waited = within(1_000, new Promise<string>((_resolve, reject) => (fail = reject)));
    jest.advanceTimersByTime(1_000);
    expect(await waited).toBe(late);
    fail(new Error('too late to tell'));
  });
});
