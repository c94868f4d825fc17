import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ActionButtons } from '../../../../client/browser/action-buttons.js';

/** An element, as far as the buttons look at one. */
class Part extends EventTarget {
  hidden = false;
  readonly dataset: Record<string, string> = {};
  readonly parts: Part[] = [];

  constructor(readonly focus: () => void = () => undefined) {
    super();
  }

  closest(): this {
    return this;
  }

  contains(other: unknown): boolean {
    return this.parts.some((part) => part === other);
  }

  setAttribute(): void {
    // Nobody asks.
  }
}

class Root extends EventTarget {
  readonly menu = new Part();
  readonly more = new Part(() => {
    this.activeElement = this.more;
  });
  activeElement: Part | null = null;

  querySelector(selector: string): Part {
    return selector === '.more' ? this.menu : this.more;
  }

  /** By keyboard: the button has the focus. */
  press(button: Part): void {
    this.activeElement = button;
    this.dispatchEvent(Object.defineProperty(new Event('click'), 'target', { value: button }));
  }
}

describe('ActionButtons', () => {
  beforeAll(() => {
    Object.assign(globalThis, { Element: Part, HTMLElement: Part });
  });

  afterAll(() => {
    for (const kind of ['Element', 'HTMLElement']) Reflect.deleteProperty(globalThis, kind);
  });

  it('does not lose the focus with the menu that held it', () => {
    const root = new Root();
    const item = new Part();
    item.dataset.action = 'reader';
    root.menu.parts.push(item);
    root.more.dataset.action = 'more';
    let pressed = 0;
    const leaving = new AbortController();
    // Of a shadow root it needs only what Root has.
    new ActionButtons(root as unknown as ShadowRoot, { reader: () => (pressed += 1) }).listen(leaving.signal);
    root.menu.hidden = true;
    root.press(root.more);
    expect(root.menu.hidden).toBe(false);
    root.press(item);
    expect([pressed, root.menu.hidden]).toEqual([1, true]);
    expect(root.activeElement === root.more).toBe(true);
    leaving.abort();
  });
});
