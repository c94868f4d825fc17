import { describe, expect, it } from '@jest/globals';
import { Turnstile } from '../../../../src/sandbox/docker/turnstile.js';

describe('Turnstile', () => {
  it('lets the given number in and the others in order, also after a failure', async () => {
    const turnstile = new Turnstile(2);
    const entered: number[] = [];
    let inside = 0;
    let most = 0;
    const task = (name: number) => async () => {
      entered.push(name);
      most = Math.max(most, ++inside);
      await Promise.resolve();
      inside -= 1;
      if (name === 1) throw new Error('one');
      return name;
    };
    const results = await Promise.allSettled([0, 1, 2, 3, 4].map((name) => turnstile.pass(task(name))));
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, true, true]);
    expect(entered).toEqual([0, 1, 2, 3, 4]);
    expect(most).toBe(2);
    expect(await turnstile.pass(() => Promise.resolve('again'))).toBe('again');
  });
});
