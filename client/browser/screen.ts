/**
 * The terminal as it is drawn: xterm.js with its addons, in a shadow root. It knows no session; bytes come in by `write`,
 * what is typed goes out by the listener.
 */
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import type { TerminalSize } from '../protocol.js';
import { copyText } from './copy-text.js';
import { documentWithoutInlineStyles } from './csp-document.js';
import { drawRowsWith } from './draw-rows-with.js';
import { Finder } from './finder.js';
import { transcriptOf } from './logical-line.js';
import { contrastOf, readTheme, type Scheme } from './themes.js';
import type { TracebackLocation } from './traceback-location.js';
import { TracebackLinks } from './traceback-links.js';

const scrollbackLines = 10_000;
/** xterm.js draws between pieces, not within one: this is parsed in a few ms, also on a slow machine. */
const pieceBytes = 8 * 1024;
const scrollbarPixels = 10;
const largest = 1000;
/** Smaller than this it would not be a terminal but a fault of the page's layout. */
const smallest = { cols: 10, rows: 2 };

export interface ScreenListener {
  onInput(data: Uint8Array<ArrayBuffer>): void;
  /** Answers false for a key press that the terminal is to leave alone. */
  onKey(event: KeyboardEvent): boolean;
  onLocation(location: TracebackLocation): void;
  onTitle(title: string): void;
}

export interface ScreenOptions {
  readonly container: HTMLElement;
  /** Takes a style sheet that belongs to the screen. */
  readonly adopt: (sheet: CSSStyleSheet) => void;
  readonly listener: ScreenListener;
}

export class Screen {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #container: HTMLElement;
  /** What is to be drawn later: text must wait until that of every script has its right width. Null holds nothing back. */
  #held: (() => void)[] | null = [];
  readonly finder: Finder;

  constructor({ container, adopt, listener }: ScreenOptions) {
    this.#container = container;
    const page = documentWithoutInlineStyles(document, adopt);
    const terminal = new Terminal({
      allowProposedApi: true,
      documentOverride: page,
      scrollback: scrollbackLines,
      overviewRuler: { width: scrollbarPixels },
      macOptionIsMeta: true,
    });
    this.#terminal = terminal;
    this.finder = new Finder(terminal);
    terminal.loadAddon(this.#fit);
    terminal.registerLinkProvider(
      new TracebackLinks(terminal, (location) => {
        listener.onLocation(location);
      }),
    );
    const encoder = new TextEncoder();
    terminal.onData((text) => {
      listener.onInput(encoder.encode(text));
    });
    terminal.onBinary((text) => {
      listener.onInput(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    });
    terminal.onTitleChange((title) => {
      listener.onTitle(title);
    });
    terminal.attachCustomKeyEventHandler((event) => listener.onKey(event));
    terminal.open(container);
    void this.#loadAddons();
    drawRowsWith(terminal, page);
  }

  get size(): TerminalSize {
    return { cols: this.#terminal.cols, rows: this.#terminal.rows };
  }

  get selection(): string {
    return this.#terminal.getSelection();
  }

  get transcript(): string {
    return transcriptOf(this.#terminal.buffer.active, this.#terminal.cols);
  }

  /** Whether the arrow keys are to be sent in the form that full-screen programs ask for. */
  get applicationCursorKeys(): boolean {
    return this.#terminal.modes.applicationCursorKeysMode;
  }

  write(data: Uint8Array, taken?: () => void): void {
    this.#draw(() => {
      const last = Math.max(0, data.length - pieceBytes);
      let at = 0;
      for (; at < last; at += pieceBytes) this.#terminal.write(data.subarray(at, at + pieceBytes));
      this.#terminal.write(data.subarray(at), taken);
    });
  }

  /** An empty screen with all modes at their defaults, once what was written before is drawn. */
  reset(): void {
    this.#draw(() => {
      this.#terminal.write('', () => {
        this.#terminal.reset();
      });
    });
  }

  resize({ cols, rows }: TerminalSize): void {
    this.#terminal.resize(cols, rows);
  }

  /** Fills its container; answers the new size, or null where nothing changed or the container is not shown. */
  fit(): TerminalSize | null {
    const proposed = this.#container.clientWidth === 0 ? undefined : this.#fit.proposeDimensions();
    if (proposed === undefined || !(proposed.cols >= smallest.cols && proposed.rows >= smallest.rows)) return null;
    const size = { cols: Math.min(largest, proposed.cols), rows: Math.min(largest, proposed.rows) };
    if (size.cols === this.#terminal.cols && size.rows === this.#terminal.rows) return null;
    this.#terminal.resize(size.cols, size.rows);
    return size;
  }

  /** Takes colours and font from the component's custom properties. */
  applyTheme(scheme: Scheme, property: (name: string) => string): void {
    const { options } = this.#terminal;
    options.theme = readTheme(property);
    options.minimumContrastRatio = contrastOf[scheme];
    options.fontFamily = property('font-family');
    const fontSize = Number.parseFloat(property('font-size'));
    if (fontSize > 0) options.fontSize = fontSize;
    const lineHeight = Number.parseFloat(property('line-height'));
    if (lineHeight >= 1) options.lineHeight = lineHeight;
  }

  setReadable(screenReader: boolean): void {
    this.#terminal.options.screenReaderMode = screenReader;
  }

  /** A screen that nobody may type into shows no cursor that invites to it. */
  setWritable(writable: boolean): void {
    this.#terminal.options.disableStdin = !writable;
    this.#terminal.options.cursorInactiveStyle = writable ? 'outline' : 'none';
  }

  /** Without it the helper behind the terminal raises no on-screen keyboard; the composer has it. */
  setOnScreenKeyboard(wanted: boolean): void {
    const { textarea } = this.#terminal;
    if (textarea !== undefined) textarea.inputMode = wanted ? 'text' : 'none';
  }

  /** Pictures in the terminal, as sixel or in iTerm's protocol; needs `wasm-unsafe-eval` where a page has a policy. */
  async allowImages(): Promise<void> {
    const { ImageAddon } = await import('./repl-terminal-images.js');
    this.#terminal.loadAddon(new ImageAddon());
  }

  async copySelection(): Promise<boolean> {
    const done = await copyText(this.selection);
    if (done) this.#terminal.clearSelection();
    return done;
  }

  paste(text: string): void {
    this.#terminal.paste(text);
  }

  focus(): void {
    this.#terminal.focus();
  }

  dispose(): void {
    this.#terminal.dispose();
  }

  #draw(work: () => void): void {
    if (this.#held === null) work();
    else this.#held.push(work);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const work of held) work();
  }

  async #loadAddons(): Promise<void> {
    try {
      const { ClipboardAddon, UnicodeGraphemesAddon, WebLinksAddon } = await import('./repl-terminal-addons.js');
      this.#terminal.loadAddon(new UnicodeGraphemesAddon());
      this.#terminal.loadAddon(new WebLinksAddon());
      this.#terminal.loadAddon(new ClipboardAddon(undefined, writeOnlyClipboard));
    } catch {
      // Without them, emoji and some scripts are drawn less well, links are text, and all else is as before.
    }
    this.#release();
  }
}

/** A program may write to the clipboard, as on other terminals; it may not read what the person has there. */
const writeOnlyClipboard = {
  readText: (): string => '',
  writeText: async (_selection: string, text: string): Promise<void> => {
    await copyText(text);
  },
};
