import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { abortAfter } from '../../src/abort-after.js';
import { settled } from '../doubles/settled.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('abortAfter', () => {
  it('comes also where nothing but a combination of signals listens to it', async () => {
    const bounded = AbortSignal.any([new AbortController().signal, abortAfter(50)]);
    const aborted = once(bounded, 'abort');
    await settled();
    collectGarbage();
    await aborted;
    expect(bounded.reason).toMatchObject({ name: 'TimeoutError' });
  });
});
