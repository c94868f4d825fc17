import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TouchKeys } from '../../../../client/browser/touch-keys.js';

/** An element, as far as the keys look at one: whatever is asked for in it is there. */
class Part extends EventTarget {
  value = '';
  readonly #parts = new Map<string, Part>();

  querySelector(selector: string): Part {
    const part = this.#parts.get(selector) ?? new Part();
    this.#parts.set(selector, part);
    return part;
  }
}

const kinds = ['HTMLElement', 'HTMLFormElement', 'HTMLButtonElement', 'HTMLTextAreaElement'];

describe('TouchKeys', () => {
  beforeAll(() => {
    for (const kind of kinds) Object.assign(globalThis, { [kind]: Part });
  });

  afterAll(() => {
    for (const kind of kinds) Reflect.deleteProperty(globalThis, kind);
  });

  it('keeps a line that could not be typed until it can', () => {
    const typed: string[] = [];
    let away = true;
    const root = new Part();
    // Of a page it needs only what Part has.
    new TouchKeys(root as unknown as ParentNode, {
      type: (text) => {
        if (!away) typed.push(text);
        return !away;
      },
      applicationCursorKeys: () => false,
    });
    const composer = root.querySelector('.composer');
    const line = composer.querySelector('textarea');
    line.value = 'a = 1\nb = 2';
    composer.dispatchEvent(new Event('submit'));
    expect(line.value).toBe('a = 1\nb = 2');
    away = false;
    composer.dispatchEvent(new Event('submit'));
    expect([typed, line.value]).toEqual([['a = 1\rb = 2\r'], '']);
  });
});
