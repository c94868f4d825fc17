/** Random numbers that are the same for the same seed (mulberry32), so that a failure can be played again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** True in so many of 100 cases. */
  percent(cases: number): boolean {
    return this.next() * 100 < cases;
  }

  /** One of them; throws where there is none. */
  pick<T>(choices: readonly T[]): T {
    const at = this.below(choices.length);
    if (at >= choices.length) throw new RangeError('nothing to choose from');
    return choices[at] as T;
  }
}
