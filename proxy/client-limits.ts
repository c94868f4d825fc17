/**
 * What one client may have through this proxy: starts a minute, and sessions at the same time. Nobody tells a proxy that a
 * session is over, so that it asks after the client's sessions, oldest first, once these seem to be too many.
 */
import { TokenBuckets } from '../src/token-bucket.js';
import { ProxyError } from './proxy-error.js';
import { SessionLedger } from './session-ledger.js';

export interface ClientLimitRules {
  /** Null where there is no such limit. */
  readonly startsPerMinute: number | null;
  /** Starts at once after a pause, where they are limited. */
  readonly startsBurst: number;
  readonly maxSessions: number | null;
}

/** A place for one start. */
export interface Admission {
  /** The session is there, and counts from now on. */
  readonly started: (id: string) => void;
  /** The start is over; the place is given back unless there is a session. */
  readonly close: () => void;
}

/** Answers false only when the session is over for certain. */
export type IsAlive = (id: string) => Promise<boolean>;

/** Whose sessions were all alive just now is not asked after again for this long. */
const believedMs = 1_000;
const fullRetrySeconds = 5;

export class ClientLimits {
  readonly #buckets: TokenBuckets | null;
  readonly #maxSessions: number;
  readonly #isAlive: IsAlive;
  readonly #ledger = new SessionLedger();
  /** When all sessions of a client were last found alive; emptied now and then. */
  readonly #fullAt = new Map<string, number>();

  constructor({ startsPerMinute, startsBurst, maxSessions }: ClientLimitRules, isAlive: IsAlive) {
    this.#buckets =
      startsPerMinute === null ? null : new TokenBuckets({ perSecond: startsPerMinute / 60, burst: startsBurst });
    this.#maxSessions = maxSessions ?? Infinity;
    this.#isAlive = isAlive;
  }

  /** Rejects with ProxyError `too_many_starts` or `too_many_sessions`. */
  async admit(client: string): Promise<Admission> {
    const waitMs = this.#buckets?.take(client, performance.now()) ?? 0;
    if (waitMs > 0) {
      const context = { scope: 'client', retry_after_seconds: Math.ceil(waitMs / 1000) };
      throw new ProxyError('too_many_starts', 'You start sessions too fast.', { context });
    }
    if (this.#maxSessions === Infinity) return { started: () => undefined, close: () => undefined };
    if (this.#ledger.count(client) >= this.#maxSessions) await this.#findPlace(client);
    // Others of the same client may have begun meanwhile.
    if (this.#ledger.count(client) >= this.#maxSessions) throw this.#full();
    return this.#place(client);
  }

  #place(client: string): Admission {
    this.#ledger.begin(client);
    let open = true;
    return {
      started: (id) => {
        open = false;
        this.#ledger.started(client, id);
      },
      close: () => {
        if (open) this.#ledger.failed(client);
        open = false;
      },
    };
  }

  async #findPlace(client: string): Promise<void> {
    const now = performance.now();
    for (const [other, at] of this.#fullAt) if (now - at > believedMs) this.#fullAt.delete(other);
    if (this.#fullAt.has(client)) return;
    for (const id of this.#ledger.idsOf(client)) {
      if (await this.#isAlive(id)) continue;
      this.#ledger.forget(client, id);
      return;
    }
    this.#fullAt.set(client, performance.now());
  }

  #full(): ProxyError {
    const context = { scope: 'client', max_sessions: this.#maxSessions, retry_after_seconds: fullRetrySeconds };
    return new ProxyError('too_many_sessions', 'You have as many sessions as you may; end one first.', { context });
  }
}
