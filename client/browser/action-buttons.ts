/** Which button was pressed, and the menu that holds the rarer ones. What a press means is the caller's business. */
import { partOf } from './part-of.js';

export class ActionButtons {
  readonly #root: ShadowRoot;
  readonly #acts: Readonly<Record<string, () => unknown>>;

  /** @param acts by the names in the markup; one that rejects has told the person by itself */
  constructor(root: ShadowRoot, acts: Readonly<Record<string, () => unknown>>) {
    this.#root = root;
    this.#acts = acts;
  }

  listen(signal: AbortSignal): void {
    this.#root.addEventListener(
      'click',
      ({ target }) => {
        const button = target instanceof Element ? target.closest<HTMLElement>('[data-action]') : null;
        this.#press(button?.dataset.action ?? '');
      },
      { signal },
    );
  }

  #press(action: string): void {
    this.#showMenu(action === 'more' && this.#menu.hidden !== false);
    void Promise.resolve(this.#acts[action]?.()).catch(() => undefined);
  }

  get #menu(): HTMLElement {
    return partOf(this.#root, '.more', HTMLElement);
  }

  #showMenu(shown: boolean): void {
    const button = partOf(this.#root, '[data-action=more]', HTMLElement);
    // What is hidden loses the focus, and with it a person's place in the page.
    if (!shown && this.#menu.contains(this.#root.activeElement)) button.focus();
    this.#menu.hidden = !shown;
    button.setAttribute('aria-expanded', String(shown));
  }
}
