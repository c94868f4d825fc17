import { afterEach, describe, expect, it } from '@jest/globals';
import { onWake } from '../../../client/wake.js';

/** A browser's globals, where Node has none. */
function browserGlobals() {
  const page = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
  const globals = {
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page),
    document,
  };
  Object.assign(globalThis, globals);
  return { page, document };
}

afterEach(() => {
  for (const name of ['addEventListener', 'removeEventListener', 'document']) Reflect.deleteProperty(globalThis, name);
});

describe('onWake', () => {
  it('tells when the network is back, and when the page is looked at again', () => {
    const { page, document } = browserGlobals();
    let woken = 0;
    const stop = onWake(() => {
      woken += 1;
    });
    page.dispatchEvent(new Event('online'));
    document.dispatchEvent(new Event('visibilitychange'));
    expect(woken).toBe(1);
    document.visibilityState = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
    expect(woken).toBe(2);
    stop();
    page.dispatchEvent(new Event('online'));
    expect(woken).toBe(2);
  });

  it('does nothing where there is no page', () => {
    expect(() => {
      onWake(() => undefined)();
    }).not.toThrow();
  });
});
