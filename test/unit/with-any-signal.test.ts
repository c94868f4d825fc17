import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { withAnySignal } from '../../src/with-any-signal.js';

const untilAborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve(signal.reason);
    });
  });

describe('withAnySignal', () => {
  it.each([0, 1])('aborts the work with signal %d, for its reason', async (which) => {
    const sources = [new AbortController(), new AbortController()];
    const reason = withAnySignal(
      sources.map(({ signal }) => signal),
      untilAborted,
    );
    sources[which]?.abort('enough');
    expect(await reason).toBe('enough');
  });

  it('aborts the work at once where one of them is aborted already', async () => {
    const signals = [new AbortController().signal, AbortSignal.abort('before')];
    await withAnySignal(signals, (signal) => {
      expect([signal.aborted, signal.reason]).toEqual([true, 'before']);
      return Promise.resolve();
    });
  });

  it.each([
    ['resolves', () => Promise.resolve('done')],
    ['rejects', () => Promise.reject(new Error('failed'))],
  ])('leaves nothing at them once the work %s', async (_how, work) => {
    const { signal } = new AbortController();
    const working = withAnySignal([signal], work);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    const [outcome] = await Promise.allSettled([working]);
    expect(outcome).toMatchObject(
      await work().then(
        (value) => ({ value }),
        (reason: unknown) => ({ reason }),
      ),
    );
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
