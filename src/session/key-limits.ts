/**
 * What the holder of one API key may have of this replica: sessions at the same time, and starts a second. Sessions that were
 * adopted count for nobody, since whose they were is known to their first runner alone.
 */
import { RunnerError } from '../errors.js';
import { TokenBuckets } from '../token-bucket.js';

export interface KeyLimitRules {
  /** Null where there is no such limit. */
  readonly maxSessions: number | null;
  readonly startsPerSecond: number | null;
  readonly startsBurst: number;
}

export const noKeyLimits: KeyLimitRules = { maxSessions: null, startsPerSecond: null, startsBurst: 1 };

/** For a client that has to wait until somebody leaves, in seconds. */
const fullRetrySeconds = 5;

export class KeyLimits {
  readonly #maxSessions: number;
  readonly #buckets: TokenBuckets | null;
  readonly #held = new Map<string, number>();

  constructor({ maxSessions, startsPerSecond, startsBurst }: KeyLimitRules) {
    this.#maxSessions = maxSessions ?? Infinity;
    this.#buckets =
      startsPerSecond === null ? null : new TokenBuckets({ perSecond: startsPerSecond, burst: startsBurst });
  }

  /**
   * Counts a session for the key; whoever gets the answer calls it once, when that session is over or has not come about.
   * Throws RunnerError `too_many_starts` or `too_many_sessions`.
   */
  admit(key: string): () => void {
    const waitMs = this.#buckets?.take(key, performance.now()) ?? 0;
    if (waitMs > 0) {
      throw new RunnerError('too_many_starts', 'This API key starts sessions too fast.', {
        context: { scope: 'key', retry_after_seconds: Math.ceil(waitMs / 1000) },
      });
    }
    const held = this.#held.get(key) ?? 0;
    if (held >= this.#maxSessions) {
      throw new RunnerError('too_many_sessions', 'This API key holds as many sessions here as it may.', {
        context: { scope: 'key', max_sessions: this.#maxSessions, retry_after_seconds: fullRetrySeconds },
      });
    }
    this.#held.set(key, held + 1);
    return () => {
      const left = (this.#held.get(key) ?? 1) - 1;
      if (left === 0) this.#held.delete(key);
      else this.#held.set(key, left);
    };
  }
}
