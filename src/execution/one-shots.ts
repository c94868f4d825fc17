/**
 * Work in a sandbox of its own: claims a fresh one, lends it out for one use and destroys it, whatever comes of the use.
 * How many there are at once is bounded, and so is the line in front of them.
 */
import { RunnerError } from '../errors.js';
import type { Language } from '../language/language.js';
import type { LanguagePools } from '../pool/language-pools.js';
import type { WarmSandbox } from '../pool/warm-sandbox.js';
import type { Limits } from '../sandbox/limits.js';
import { withAnySignal } from '../with-any-signal.js';
import { WaitingLine, type Place, type WaitingLineOptions } from './waiting-line.js';

/** How its sandbox was come by. */
export interface Borrowed {
  readonly language: Language;
  /** In the line and for the sandbox together. */
  readonly waitedMs: number;
  /** True when the sandbox was made for this use. */
  readonly cold: boolean;
}

/** Uses under way and that wait, how many may be under way, and how long the wait is now. */
export interface RunLoad {
  readonly active: number;
  readonly waiting: number;
  readonly max: number;
  readonly waitMs: number;
}

export interface OneShotsListener {
  /** A sandbox could not be removed; its agent ends it once nobody speaks to it. */
  onDestroyFailed(error: unknown): void;
}

export class OneShots {
  readonly #pools: Pick<LanguagePools, 'language' | 'claim'>;
  readonly #line: WaitingLine;
  readonly #places: number;
  readonly #listener: OneShotsListener;
  readonly #stopping = new AbortController();
  /** Uses under way, and sandboxes that are on their way out. */
  readonly #pending = new Set<Promise<unknown>>();

  constructor(
    pools: Pick<LanguagePools, 'language' | 'claim'>,
    options: WaitingLineOptions,
    listener: OneShotsListener,
  ) {
    this.#pools = pools;
    this.#line = new WaitingLine(options);
    this.#places = options.places;
    this.#listener = listener;
  }

  /** Throws RunnerError `language_unknown`. */
  language(name: string): Language {
    return this.#pools.language(name);
  }

  /** For probes and metrics. */
  get load(): RunLoad {
    return { active: this.#line.served, waiting: this.#line.waiting, max: this.#places, waitMs: this.#line.waitMs };
  }

  /** How many more sandboxes may be in use at once. */
  get room(): number {
    return this.#places - this.#line.served;
  }

  /**
   * Lends a fresh sandbox to `work`, which must heed the signal it gets; resolves or rejects as `work` does, while the
   * sandbox is being destroyed. Rejects with RunnerError `language_unknown`, `capacity_exhausted`, `draining`, or as a
   * claim does.
   */
  async use<T>(
    language: string,
    limits: Partial<Limits>,
    signal: AbortSignal,
    work: (warm: WarmSandbox, borrowed: Borrowed, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const use = (bounded: AbortSignal): Promise<T> => this.#use(language, limits, bounded, work);
    return await this.#track(withAnySignal([signal, this.#stopping.signal], use));
  }

  /** Resolves when no use is under way and nothing is left of any, or the signal aborts. */
  async emptied(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve();
      });
      if (signal.aborted) resolve();
    });
    while (this.#pending.size > 0 && !signal.aborted) await Promise.race([aborted, Promise.allSettled(this.#pending)]);
  }

  /** Refuses all further uses and ends those under way; resolves when nothing is left. */
  async stop(): Promise<void> {
    this.#stopping.abort(new RunnerError('draining', 'The runner is stopping.'));
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  /** The place is taken until nothing is left of the sandbox. */
  #destroy({ sandbox, connection }: WarmSandbox, place: Place): void {
    connection.close('its use is over');
    const destroying = sandbox
      .destroy()
      .catch((error: unknown) => {
        this.#listener.onDestroyFailed(error);
      })
      .finally(() => {
        place.leave();
      });
    void this.#track(destroying);
  }

  async #use<T>(
    language: string,
    limits: Partial<Limits>,
    signal: AbortSignal,
    work: (warm: WarmSandbox, borrowed: Borrowed, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const known = this.#pools.language(language);
    const place = await this.#line.enter(signal);
    let release = (): void => {
      place.leave();
    };
    try {
      const { warm, cold, waitMs } = await this.#pools.claim(language, limits, signal);
      release = () => {
        this.#destroy(warm, place);
      };
      signal.throwIfAborted();
      return await work(warm, { language: known, waitedMs: place.waitedMs + waitMs, cold }, signal);
    } finally {
      release();
    }
  }

  async #track<T>(promise: Promise<T>): Promise<T> {
    this.#pending.add(promise);
    try {
      return await promise;
    } finally {
      this.#pending.delete(promise);
    }
  }
}
