/**
 * How large the screen of a session is: as its place in the page for who types, as the session for who watches, and while
 * old output is drawn as when that was printed. The screen comes and goes; it is asked for anew each time.
 */
import type { TerminalSize } from '../protocol.js';
import { Settling } from './settling.js';

/** Sizes that a layout runs through are not all worth telling. */
const settleMs = 60;

/** The part of a screen that has a size. */
export interface SizedScreen {
  readonly size: TerminalSize;
  /** Fills its place; answers the new size, or null where nothing changed. */
  fit(): TerminalSize | null;
  resize(size: TerminalSize): void;
}

export interface ScreenSizeParts {
  /** Null while there is none in the page. */
  screen(): SizedScreen | null;
  /** Whether the session's size is for others to say. */
  watches(): boolean;
  /** Gives the session a size. */
  tell(size: TerminalSize): void;
}

export class ScreenSize {
  readonly #parts: ScreenSizeParts;
  #replaying = false;
  readonly #layout = new Settling(settleMs, () => {
    this.#fit(false);
  });

  constructor(parts: ScreenSizeParts) {
    this.#parts = parts;
  }

  /** Its place in the page, or its font, may have changed. */
  stir(): void {
    this.#layout.stir();
  }

  stop(): void {
    this.#layout.stop();
  }

  /** Old output comes, which was printed at this size. */
  onHello(size: TerminalSize): void {
    this.#replaying = true;
    this.#parts.screen()?.resize(size);
  }

  onReplayed(): void {
    this.#replaying = false;
    this.#fit(true);
  }

  /** The session has another size. */
  onResized(size: TerminalSize): void {
    if (this.#parts.watches()) this.#parts.screen()?.resize(size);
  }

  /** Nothing more comes of the session. */
  onOver(): void {
    this.#replaying = false;
  }

  /** @param tell also where the size did not change here, as the session's may differ */
  #fit(tell: boolean): void {
    const screen = this.#parts.screen();
    if (this.#replaying || screen === null || this.#parts.watches()) return;
    const changed = screen.fit();
    if (changed !== null || tell) this.#parts.tell(screen.size);
  }
}
