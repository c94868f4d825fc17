/** The box that asks what to look for in the terminal. */
import type { Finder } from './finder.js';
import { partOf } from './part-of.js';

export interface FindBoxEvents {
  onClosed(): void;
  onNotFound(): void;
  /** The terminal cannot be searched, as what does so did not load. */
  onFailed(): void;
}

export class FindBox {
  readonly #form: HTMLFormElement;
  readonly #input: HTMLInputElement;
  readonly #finder: () => Finder | null;
  readonly #events: FindBoxEvents;

  constructor(root: ParentNode, finder: () => Finder | null, events: FindBoxEvents) {
    this.#form = partOf(root, '.find', HTMLFormElement);
    this.#input = partOf(this.#form, 'input', HTMLInputElement);
    this.#finder = finder;
    this.#events = events;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.next('previous');
    });
    this.#form.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close();
      if (event.key !== 'Enter' || !event.shiftKey) return;
      event.preventDefault();
      this.next('next');
    });
  }

  open(): void {
    this.#form.hidden = false;
    this.#input.focus();
    this.#input.select();
  }

  close(): void {
    this.#form.hidden = true;
    this.#finder()?.clear();
    this.#events.onClosed();
  }

  next(direction: 'next' | 'previous'): void {
    const { value } = this.#input;
    const finder = this.#finder();
    if (value === '' || finder === null) return;
    finder.find(value, direction).then(
      (found) => {
        this.#input.setAttribute('aria-invalid', String(!found));
        if (!found) this.#events.onNotFound();
      },
      () => {
        this.#events.onFailed();
      },
    );
  }
}
