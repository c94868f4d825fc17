/** The tabs of the files: which there are, which is open. It asks for nothing and keeps nothing else. */

export class FileTabs {
  readonly #list: HTMLElement;

  constructor(list: HTMLElement, onOpen: (name: string) => void) {
    this.#list = list;
    list.addEventListener('click', (event) => {
      const name = event.target instanceof HTMLElement ? event.target.dataset.name : undefined;
      if (name !== undefined) onOpen(name);
    });
    list.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const tabs = [...list.querySelectorAll<HTMLElement>('[role=tab]')];
      const at = tabs.findIndex((tab) => tab.ariaSelected === 'true');
      const next = step === undefined ? undefined : tabs[(at + step + tabs.length) % tabs.length];
      if (next?.dataset.name === undefined) return;
      event.preventDefault();
      onOpen(next.dataset.name);
      this.#selected()?.focus();
    });
  }

  show(names: readonly string[], open: string): void {
    this.#list.replaceChildren(...names.map((name) => tabOf(name, name === open)));
    this.#selected()?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #selected(): HTMLElement | null {
    return this.#list.querySelector<HTMLElement>('[aria-selected=true]');
  }
}

function tabOf(name: string, selected: boolean): HTMLElement {
  const tab = document.createElement('button');
  tab.type = 'button';
  tab.role = 'tab';
  tab.dataset.name = name;
  tab.textContent = name;
  tab.ariaSelected = String(selected);
  tab.tabIndex = selected ? 0 : -1;
  tab.setAttribute('aria-controls', 'editor');
  return tab;
}
