/** What a host asks for by attributes, and how the parts of the component follow it. */
import { parseHostKeys } from './host-keys.js';
import { partOf } from './part-of.js';

export class HostAttributes {
  readonly #host: HTMLElement;

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  /** Where `/repl` is found, as a whole address. */
  get endpoint(): string {
    return new URL(this.#host.getAttribute('endpoint') ?? '/', location.href).href;
  }

  get language(): string {
    return this.#host.getAttribute('language') ?? 'python';
  }

  /** Tab moves the focus instead of being typed. */
  get tabLeaves(): boolean {
    return this.#host.getAttribute('tab-key') === 'leave';
  }

  /** Keys and composer are shown. */
  get touches(): boolean {
    const wanted = this.#host.getAttribute('touch');
    return wanted === null || wanted === 'auto' ? matchMedia('(pointer: coarse)').matches : wanted !== 'off';
  }

  get screenReader(): boolean {
    return this.#host.hasAttribute('screen-reader');
  }

  get images(): boolean {
    return this.#host.hasAttribute('images');
  }

  get hostKeys(): ReturnType<typeof parseHostKeys> {
    return parseHostKeys(this.#host.getAttribute('host-keys') ?? '');
  }

  toggleTab(): void {
    this.#host.setAttribute('tab-key', this.tabLeaves ? 'type' : 'leave');
  }

  toggleScreenReader(): void {
    this.#host.toggleAttribute('screen-reader');
  }

  /** Shows the state of the toggles, and hides what the host does without. */
  apply(root: ShadowRoot): void {
    const pressed = { reader: this.screenReader, tab: this.tabLeaves };
    for (const [action, is] of Object.entries(pressed)) {
      partOf(root, `[data-action=${action}]`, HTMLElement).setAttribute('aria-pressed', String(is));
    }
    const hint = this.tabLeaves ? 'Tab leaves' : 'Esc, then Tab leaves';
    partOf(root, '[data-slot=hint]', HTMLElement).textContent = hint;
    partOf(root, '.touch', HTMLElement).hidden = !this.touches;
    const hidden = (this.#host.getAttribute('hide') ?? '').split(/[\s,]+/);
    for (const part of root.querySelectorAll<HTMLElement>('.bar, .bar [data-action], .state, .hint')) {
      part.classList.toggle('hidden-by-host', hidden.includes(part.dataset.action ?? part.classList[0] ?? ''));
    }
  }
}
