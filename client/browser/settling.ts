/** Does some work once what causes it has come to rest, as a layout does that runs through many sizes. */
export class Settling {
  readonly #restMs: number;
  readonly #work: () => void;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(restMs: number, work: () => void) {
    this.#restMs = restMs;
    this.#work = work;
  }

  stir(): void {
    this.stop();
    this.#timer = setTimeout(this.#work, this.#restMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
