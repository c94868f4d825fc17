/** Finds text in the terminal. The addon that does so is loaded with the first search. */
import type { ISearchOptions, SearchAddon } from '@xterm/addon-search';
import type { Terminal } from '@xterm/xterm';

const options: ISearchOptions = {
  decorations: {
    matchOverviewRuler: '#d9a400',
    activeMatchColorOverviewRuler: '#ff8c00',
    activeMatchBorder: '#ff8c00',
  },
};

export class Finder {
  readonly #terminal: Terminal;
  #addon: SearchAddon | null = null;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** False where there is no such text. */
  async find(text: string, direction: 'next' | 'previous'): Promise<boolean> {
    const addon = await this.#load();
    return direction === 'next' ? addon.findNext(text, options) : addon.findPrevious(text, options);
  }

  clear(): void {
    this.#addon?.clearDecorations();
  }

  async #load(): Promise<SearchAddon> {
    const { SearchAddon: Addon } = await import('./repl-terminal-search.js');
    if (this.#addon === null) {
      this.#addon = new Addon();
      this.#terminal.loadAddon(this.#addon);
    }
    return this.#addon;
  }
}
