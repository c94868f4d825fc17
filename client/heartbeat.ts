/**
 * Whether a connection still lives: a page sees no websocket pings, so it asks by itself. A connection counts as dead when a
 * question stays unanswered for a whole beat; a tab whose timers the browser slows down is only slower to find out.
 */

/** A dead connection is found within two of these, inside the 45 s that the runner gives a dead client. */
const beatMs = 20_000;
/** After a wake-up the answer is awaited for no longer than this. */
const probeMs = 4_000;

export class Heartbeat {
  readonly #ask: () => void;
  readonly #onDead: () => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #asked = false;

  constructor(ask: () => void, onDead: () => void) {
    this.#ask = ask;
    this.#onDead = onDead;
  }

  start(): void {
    this.#schedule(beatMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Anything that comes is an answer. */
  heard(): void {
    this.#asked = false;
  }

  /** Asks now, and expects the answer soon. */
  probe(): void {
    this.#asked = true;
    this.#ask();
    this.#schedule(probeMs);
  }

  #schedule(ms: number): void {
    this.stop();
    this.#timer = setTimeout(() => {
      if (this.#asked) {
        this.#onDead();
        return;
      }
      this.#asked = true;
      this.#ask();
      this.#schedule(beatMs);
    }, ms);
  }
}
