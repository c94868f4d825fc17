/** The terminal as plain text, for reading in peace and for screen readers, whose own view of a terminal is short. */
import { copyText } from './copy-text.js';
import { partOf } from './part-of.js';

export class TranscriptView {
  readonly #box: HTMLElement;
  readonly #text: HTMLElement;
  readonly #onClosed: () => void;

  constructor(root: ParentNode, onClosed: () => void) {
    this.#box = partOf(root, '.transcript', HTMLElement);
    this.#text = partOf(this.#box, 'pre', HTMLElement);
    this.#onClosed = onClosed;
    this.#box.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close();
    });
  }

  open(transcript: string): void {
    this.#text.textContent = transcript === '' ? '(nothing yet)' : transcript;
    this.#box.hidden = false;
    this.#text.scrollTop = this.#text.scrollHeight;
    this.#text.focus();
  }

  close(): void {
    this.#box.hidden = true;
    this.#onClosed();
  }

  copy(): Promise<boolean> {
    return copyText(this.#text.textContent);
  }
}
