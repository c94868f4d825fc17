/** Lets only so many tasks run at once, the others waiting in the order that they came. It bounds no task's time. */
export class Turnstile {
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(private readonly width: number) {}

  async pass<T>(task: () => Promise<T>): Promise<T> {
    if (this.#inside < this.width) this.#inside += 1;
    // Whoever leaves hands its place on, so that `#inside` stays as it is.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside -= 1;
      else next();
    }
  }
}
