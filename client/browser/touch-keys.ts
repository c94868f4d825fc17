/**
 * A row of keys that on-screen keyboards lack, and a line to compose in, since Android's keyboards garble what is typed
 * into a terminal directly. It only says what is to be typed.
 */
import { controlByte } from './control-byte.js';
import { partOf } from './part-of.js';

const arrows: Readonly<Record<string, string>> = { up: 'A', down: 'B', right: 'C', left: 'D' };

export interface TouchKeysHost {
  /** False where it was dropped. */
  type(text: string): boolean;
  applicationCursorKeys(): boolean;
}

export class TouchKeys {
  readonly #host: TouchKeysHost;
  readonly #ctrl: HTMLButtonElement;
  readonly #line: HTMLTextAreaElement;
  #ctrlHeld = false;

  constructor(root: ParentNode, host: TouchKeysHost) {
    this.#host = host;
    const keys = partOf(root, '.keys', HTMLElement);
    const composer = partOf(root, '.composer', HTMLFormElement);
    this.#ctrl = partOf(keys, '[data-key=ctrl]', HTMLButtonElement);
    this.#line = partOf(composer, 'textarea', HTMLTextAreaElement);
    // A key that is pressed must not take the focus, and with it the keyboard, away.
    keys.addEventListener('pointerdown', (event) => {
      event.preventDefault();
    });
    keys.addEventListener('click', (event) => {
      const key = event.target instanceof HTMLElement ? event.target.dataset.key : undefined;
      if (key !== undefined) this.#press(key);
    });
    composer.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#typeLine('\r');
    });
    this.#line.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#typeLine('\r');
    });
    this.#line.addEventListener('input', () => {
      const text = this.#line.value;
      if (!this.#ctrlHeld || text === '') return;
      this.#line.value = text.slice(0, -1);
      this.#host.type(this.withCtrl(text.slice(-1)));
    });
  }

  focus(): void {
    this.#line.focus();
  }

  /** What is typed, as a control character where Ctrl was pressed before it. */
  withCtrl(text: string): string {
    if (!this.#ctrlHeld) return text;
    this.#hold(false);
    return controlByte(text) ?? text;
  }

  #press(key: string): void {
    if (key === 'ctrl') this.#hold(!this.#ctrlHeld);
    else if (key === 'escape') this.#host.type('\x1b');
    else if (key === 'tab') this.#typeLine('\t');
    else if (key in arrows)
      this.#host.type(`\x1b${this.#host.applicationCursorKeys() ? 'O' : '['}${arrows[key] ?? ''}`);
  }

  /** What was composed so far, with the key that sends it or has it completed. A line that is dropped stays. */
  #typeLine(key: '\r' | '\t'): void {
    if (this.#host.type(`${this.#line.value.replace(/\r?\n/g, '\r')}${key}`)) this.#line.value = '';
  }

  #hold(held: boolean): void {
    this.#ctrlHeld = held;
    this.#ctrl.setAttribute('aria-pressed', String(held));
  }
}
