/**
 * How often something may happen, for each key on its own: a burst at once, then so many a second. It holds no timer and asks
 * no clock. The one file that the proxy shares with the runner at run time.
 */
export interface BucketRates {
  readonly perSecond: number;
  /** How many may happen at once after a pause. */
  readonly burst: number;
}

/** Keys remembered; what falls out merely begins anew, and a key that has paused for long enough is forgotten anyway. */
const maxKeys = 100_000;

export class TokenBuckets {
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  /** By key, the moment at which its bucket is full again; the least recently used first. */
  readonly #fullAt = new Map<string, number>();

  constructor({ perSecond, burst }: BucketRates) {
    this.#intervalMs = 1000 / perSecond;
    this.#toleranceMs = this.#intervalMs * (burst - 1);
  }

  /** Takes one of the key's tokens; answers 0 when there was one, else in how many ms there is. */
  take(key: string, now: number): number {
    const fullAt = Math.max(this.#fullAt.get(key) ?? now, now);
    const waitMs = fullAt - now - this.#toleranceMs;
    // Less than the clock's own error.
    if (waitMs > 1e-6) return waitMs;
    this.#fullAt.delete(key);
    this.#fullAt.set(key, fullAt + this.#intervalMs);
    this.#forget(now);
    return 0;
  }

  #forget(now: number): void {
    for (const [key, fullAt] of this.#fullAt) {
      if (fullAt > now && this.#fullAt.size <= maxKeys) return;
      this.#fullAt.delete(key);
    }
  }
}
