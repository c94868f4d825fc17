import { describe, expect, it } from '@jest/globals';
import { OneShots } from '../../../src/execution/one-shots.js';
import { fakeLanguage, FakeWarmSandbox } from '../../doubles/fake-warm-sandbox.js';
import { settled } from '../../doubles/settled.js';

const never = new AbortController().signal;

function staged(places = 2) {
  const made: FakeWarmSandbox[] = [];
  const failures: unknown[] = [];
  const pools = {
    language: () => fakeLanguage,
    claim: (_name: string, _limits: object, signal: AbortSignal) => {
      signal.throwIfAborted();
      const warm = new FakeWarmSandbox(made.length);
      made.push(warm);
      return Promise.resolve({ warm, cold: false, waitMs: 5 });
    },
  };
  const options = { places, maxWaiting: 1, maxWaitMs: 1_000, now: () => 0 };
  const oneShots = new OneShots(pools, options, { onDestroyFailed: (error) => failures.push(error) });
  return { oneShots, made, failures, pools };
}

describe('OneShots', () => {
  it('lends a fresh sandbox to each use, and destroys it afterwards', async () => {
    const { oneShots, made } = staged();
    const use = () =>
      oneShots.use('python', {}, never, (warm, { waitedMs, cold }) => {
        expect(oneShots.load.active).toBe(1);
        return Promise.resolve([warm, waitedMs, cold]);
      });
    expect(await use()).toEqual([made[0], 5, false]);
    await settled();
    expect(await use()).toEqual([made[1], 5, false]);
    await settled();
    expect(made.map(({ destroyed, connection }) => [destroyed, connection.closed])).toEqual([
      [1, true],
      [1, true],
    ]);
    expect([oneShots.load.active, oneShots.room]).toEqual([0, 2]);
  });

  it('destroys what was used in vain', async () => {
    const { oneShots, made } = staged();
    await expect(oneShots.use('python', {}, never, () => Promise.reject(new Error('in vain')))).rejects.toThrow(
      'in vain',
    );
    await settled();
    expect([made[0]?.destroyed, oneShots.load.active]).toEqual([1, 0]);
  });

  it('destroys what came for somebody who has left', async () => {
    const { oneShots, made, pools } = staged();
    const leaving = new AbortController();
    const { claim } = pools;
    pools.claim = async (...given) => {
      const claimed = await claim(...given);
      leaving.abort(new Error('left'));
      return claimed;
    };
    let used = false;
    const use = oneShots.use('python', {}, leaving.signal, () => Promise.resolve((used = true)));
    await expect(use).rejects.toThrow('left');
    await settled();
    expect([used, made[0]?.destroyed, oneShots.load.active]).toEqual([false, 1, 0]);
  });

  it('gives the place back when no sandbox comes', async () => {
    const { oneShots, pools } = staged();
    pools.claim = () => Promise.reject(new Error('none'));
    await expect(oneShots.use('python', {}, never, () => Promise.resolve())).rejects.toThrow('none');
    expect(oneShots.load.active).toBe(0);
  });

  it('tells of a sandbox that does not go', async () => {
    const { oneShots, made, failures, pools } = staged(1);
    const { claim } = pools;
    pools.claim = async (...given) => {
      const claimed = await claim(...given);
      const warm = made.at(-1);
      if (warm !== undefined) warm.destroyError = new Error('stuck');
      return claimed;
    };
    await oneShots.use('python', {}, never, () => Promise.resolve());
    await settled();
    expect([oneShots.load.active, failures]).toEqual([0, [new Error('stuck')]]);
  });

  it('ends every use when it stops, and takes no more', async () => {
    const { oneShots, made } = staged();
    const held = oneShots.use('python', {}, never, (_warm, _borrowed, signal) => {
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    });
    const ended = expect(held).rejects.toMatchObject({ code: 'draining' });
    await settled();
    await oneShots.stop();
    await ended;
    expect([made[0]?.destroyed, oneShots.load.active]).toEqual([1, 0]);
    await expect(oneShots.use('python', {}, never, () => Promise.resolve())).rejects.toMatchObject({
      code: 'draining',
    });
  });
});
