/**
 * The warm sandboxes of one language, and the queue of those who wait for one. Single-use: what is claimed never comes
 * back. It decides by `policy` and never makes more than its share at once; what becomes of a claim is the session's.
 */
import { RunnerError } from '../errors.js';
import type { Language } from '../language/language.js';
import type { Limits } from '../sandbox/limits.js';
import { withAnySignal } from '../with-any-signal.js';
import { claimsThatCount, refillCount, targetSize, type PoolBounds } from './policy.js';
import { whileWarm, type WarmSandbox } from './warm-sandbox.js';

export interface PoolOptions {
  readonly language: Language;
  readonly bounds: PoolBounds;
  /** How many sandboxes may be under way at once: no more than cores, since more disturb the starts beside them. */
  readonly concurrency: number;
  readonly admissionWaitMs: number;
  /** How many may wait before the next is refused at once. */
  readonly maxWaiting: number;
  /** Pause between a claim and the refill that it causes, so that the refill does not disturb the start. */
  readonly refillDelayMs: number;
  /** First pause after a sandbox could not be made; doubles up to 5 s. */
  readonly retryDelayMs: number;
  /** No warm sandbox is older than this, unless none can be made in its place. */
  readonly maxAgeMs: number;
}

export interface PoolDependencies {
  make(language: Language, limits: Partial<Limits>, signal: AbortSignal): Promise<WarmSandbox>;
  /** How many more sessions this replica may take. */
  room(): number;
  onMade(milliseconds: number): void;
  onMakeFailed(error: unknown): void;
}

export interface Claim {
  readonly warm: WarmSandbox;
  /** True when it was made for this claim. */
  readonly cold: boolean;
  readonly waitMs: number;
}

interface Waiter {
  readonly since: number;
  resolve(claim: Claim): void;
  reject(error: RunnerError): void;
}

/** A driver that works again is noticed within this long, also where nobody asks for a sandbox meanwhile. */
const maxRetryDelayMs = 5_000;

export class Pool {
  readonly #options: PoolOptions;
  readonly #dependencies: PoolDependencies;
  /** The oldest first, each with the timer that replaces it. */
  readonly #warm = new Map<WarmSandbox, NodeJS.Timeout>();
  readonly #waiting: Waiter[] = [];
  readonly #making = new Set<Promise<void>>();
  /** Those that are made past the warm ones. */
  readonly #makingCold = new Set<Promise<WarmSandbox>>();
  readonly #stopping = new AbortController();
  #claims: number[] = [];
  #timer: { readonly due: number; readonly timeout: NodeJS.Timeout } | null = null;
  #failures = 0;
  /** Whether the last attempt has shown that the driver can make nothing at the moment. */
  #driverAway = false;

  constructor(options: PoolOptions, dependencies: PoolDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  get counts(): { warm: number; creating: number; waiting: number } {
    return { warm: this.#warm.size, creating: this.#making.size, waiting: this.#waiting.length };
  }

  /** Whether a sandbox can be had, as far as is known; a pool that keeps none finds out by a claim alone. */
  get able(): boolean {
    return !this.#driverAway || this.#warm.size > 0 || this.#options.bounds.min === 0;
  }

  /** Begins to fill. */
  open(): void {
    this.#refill();
  }

  /**
   * A sandbox for one session. Rejects with `capacity_exhausted` when none comes within the admission wait or too many
   * wait already, `draining` once the pool stops, and with the signal's reason when aborted.
   */
  async claim(signal: AbortSignal): Promise<Claim> {
    signal.throwIfAborted();
    this.#stopping.signal.throwIfAborted();
    const now = performance.now();
    this.#claims = claimsThatCount(this.#options.bounds, [...this.#claims, now], now);
    const warm = this.#takeWarm();
    if (warm !== undefined) {
      this.#refillLater(this.#options.refillDelayMs);
      return { warm, cold: false, waitMs: 0 };
    }
    if (this.#waiting.length >= this.#options.maxWaiting || this.#noneCanCome())
      throw full(this.#options.language.name);
    return await this.#wait(signal, now);
  }

  /** Makes one sandbox with limits of its own, past the warm ones. Rejects with `draining` once the pool stops. */
  async claimCold(limits: Partial<Limits>, signal: AbortSignal): Promise<Claim> {
    this.#stopping.signal.throwIfAborted();
    if (this.#dependencies.room() <= 0) throw full(this.#options.language.name);
    const since = performance.now();
    const making = this.#makeCold(limits, signal);
    this.#makingCold.add(making);
    try {
      return { warm: await making, cold: true, waitMs: performance.now() - since };
    } finally {
      this.#makingCold.delete(making);
    }
  }

  /** Refuses all further claims and destroys what waits here; resolves when nothing is left. */
  async stop(): Promise<void> {
    this.#stopping.abort(new RunnerError('draining', 'The runner is stopping.'));
    if (this.#timer !== null) clearTimeout(this.#timer.timeout);
    for (const waiter of this.#waiting.splice(0)) waiter.reject(new RunnerError('draining', 'The runner is stopping.'));
    await Promise.allSettled([...this.#making, ...this.#makingCold]);
    const warm = [...this.#warm.keys()].filter((kept) => this.#give(kept));
    await Promise.allSettled(warm.map((kept) => discard(kept)));
  }

  #takeWarm(): WarmSandbox | undefined {
    const [oldest] = this.#warm.keys();
    if (oldest !== undefined) this.#give(oldest);
    return oldest;
  }

  #keep(warm: WarmSandbox): void {
    const replace = (pauseMs: number): void => {
      if (!this.#give(warm)) return;
      this.#discardQuietly(warm);
      this.#refillLater(pauseMs);
    };
    const retire = (): void => {
      if (this.#failures > 0) this.#warm.set(warm, setTimeout(retire, maxRetryDelayMs));
      else replace(0);
    };
    // Those that were made together are not replaced together: the others are there meanwhile.
    this.#warm.set(warm, setTimeout(retire, this.#options.maxAgeMs * (0.5 + Math.random() / 2)));
    const lost = (): void => {
      replace(this.#options.retryDelayMs);
    };
    warm.connection.listen(whileWarm(lost));
    if (warm.connection.closed) lost();
    // Of one whose stream a daemon holds on to.
    void warm.sandbox.ended.then(lost);
  }

  /** It is no longer kept; false where it was not. */
  #give(warm: WarmSandbox): boolean {
    clearTimeout(this.#warm.get(warm));
    return this.#warm.delete(warm);
  }

  #discardQuietly(warm: WarmSandbox): void {
    discard(warm).catch((error: unknown) => {
      this.#dependencies.onMakeFailed(error);
    });
  }

  #noneCanCome(): boolean {
    return this.#making.size === 0 && this.#dependencies.room() <= 0;
  }

  async #wait(signal: AbortSignal, since: number): Promise<Claim> {
    return await new Promise<Claim>((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        const at = this.#waiting.indexOf(waiter);
        if (at >= 0) this.#waiting.splice(at, 1);
        act();
      };
      const waiter: Waiter = {
        since,
        resolve: (claim) => {
          settle(() => {
            resolve(claim);
          });
        },
        reject: (error) => {
          settle(() => {
            reject(error);
          });
        },
      };
      const onAbort = (): void => {
        waiter.reject(new RunnerError('internal', 'The client went away.', { cause: signal.reason }));
      };
      const timer = setTimeout(() => {
        waiter.reject(full(this.#options.language.name));
      }, this.#options.admissionWaitMs);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
      this.#refill();
    });
  }

  #refillLater(delayMs: number): void {
    if (this.#stopping.signal.aborted) return;
    const due = performance.now() + delayMs;
    if (this.#timer !== null && this.#timer.due <= due) return;
    // What is due earlier comes first: the long pause after failures is over once a sandbox could be made.
    if (this.#timer !== null) clearTimeout(this.#timer.timeout);
    const timeout = setTimeout(() => {
      this.#timer = null;
      this.#refill();
    }, delayMs);
    this.#timer = { due, timeout };
  }

  #refill(): void {
    if (this.#stopping.signal.aborted) return;
    const { bounds, concurrency } = this.#options;
    const count = refillCount({
      target: targetSize(bounds, this.#claims, performance.now()),
      warm: this.#warm.size,
      creating: this.#making.size,
      waiting: this.#waiting.length,
      room: this.#dependencies.room(),
      concurrency,
    });
    for (let index = 0; index < count; index += 1) {
      const making = this.#make().finally(() => {
        this.#making.delete(making);
        this.#refillLater(this.#failures > 0 ? this.#retryDelayMs() : 0);
      });
      this.#making.add(making);
    }
  }

  #retryDelayMs(): number {
    return Math.min(maxRetryDelayMs, this.#options.retryDelayMs * 2 ** Math.min(this.#failures - 1, 10));
  }

  async #make(): Promise<void> {
    const since = performance.now();
    try {
      const warm = await this.#dependencies.make(this.#options.language, {}, this.#stopping.signal);
      this.#failures = 0;
      this.#driverAway = false;
      this.#dependencies.onMade(performance.now() - since);
      if (this.#stopping.signal.aborted) await discard(warm);
      else this.#hand(warm);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#failures += 1;
      this.#dependencies.onMakeFailed(error);
      const away = error instanceof RunnerError && error.code === 'driver_unavailable';
      this.#driverAway = away;
      if (away) for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
    }
  }

  async #makeCold(limits: Partial<Limits>, signal: AbortSignal): Promise<WarmSandbox> {
    const stopping = this.#stopping.signal;
    const make = (bounded: AbortSignal): Promise<WarmSandbox> =>
      this.#dependencies.make(this.#options.language, limits, bounded);
    const warm = await withAnySignal([signal, stopping], make).catch((error: unknown) => {
      stopping.throwIfAborted();
      throw error;
    });
    if (stopping.aborted) await discard(warm);
    stopping.throwIfAborted();
    return warm;
  }

  #hand(warm: WarmSandbox): void {
    const waiter = this.#waiting[0];
    if (waiter !== undefined) {
      waiter.resolve({ warm, cold: true, waitMs: performance.now() - waiter.since });
      return;
    }
    this.#keep(warm);
  }
}

async function discard(warm: WarmSandbox): Promise<void> {
  warm.connection.close('it is no longer needed');
  await warm.sandbox.destroy();
}

function full(language: string): RunnerError {
  return new RunnerError('capacity_exhausted', `No ${language} sandbox is free at the moment. Try again shortly.`, {
    context: { language, retry_after_seconds: 2 },
  });
}
