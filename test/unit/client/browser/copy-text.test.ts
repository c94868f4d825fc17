import { afterEach, describe, expect, it } from '@jest/globals';
import { copyText } from '../../../../client/browser/copy-text.js';

function clipboardOf(text: string) {
  const clipboard = {
    text,
    writeText: (given: string) => {
      clipboard.text = given;
      return Promise.resolve();
    },
  };
  Object.assign(globalThis, { navigator: { clipboard } });
  return clipboard;
}

describe('copyText', () => {
  afterEach(() => {
    Reflect.deleteProperty(globalThis, 'navigator');
  });

  it('puts text on the clipboard', async () => {
    const clipboard = clipboardOf('before');
    expect(await copyText('after')).toBe(true);
    expect(clipboard.text).toBe('after');
  });

  it('leaves the clipboard as it is where there is nothing to put there', async () => {
    const clipboard = clipboardOf('before');
    expect(await copyText('')).toBe(false);
    expect(clipboard.text).toBe('before');
  });
});
