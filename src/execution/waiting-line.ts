/**
 * A bounded number of places and a bounded line in front of them, first come, first served. Whoever cannot wait any
 * longer, or finds the line full, is refused at once.
 */
import { RunnerError } from '../errors.js';

export interface WaitingLineOptions {
  /** How many are served at the same time. */
  readonly places: number;
  /** How many may wait. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** A place that was given; `leave` must be called once. */
export interface Place {
  readonly waitedMs: number;
  leave(): void;
}

interface Waiter {
  readonly since: number;
  admit(place: Place): void;
}

/** Of the latest places given, for `waitMs`: enough to be steady, few enough to be of now. */
const remembered = 20;

export class WaitingLine {
  readonly #options: WaitingLineOptions;
  readonly #waiting: Waiter[] = [];
  #served = 0;
  #waits: number[] = [];

  constructor(options: WaitingLineOptions) {
    this.#options = options;
  }

  get served(): number {
    return this.#served;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** How long it takes from the end of the line, by who was served last and who waits longest; 0 without a line. */
  get waitMs(): number {
    const first = this.#waiting[0];
    if (first === undefined) return 0;
    return Math.max(this.#options.now() - first.since, ...this.#waits);
  }

  /** Rejects with `capacity_exhausted`, or with the signal's reason. */
  async enter(signal: AbortSignal): Promise<Place> {
    signal.throwIfAborted();
    if (this.#served < this.#options.places) return this.#give(this.#options.now());
    if (this.#waiting.length >= this.#options.maxWaiting) throw this.#full('as many wait as may');
    return await new Promise<Place>((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        const at = this.#waiting.indexOf(waiter);
        if (at >= 0) this.#waiting.splice(at, 1);
        act();
      };
      const waiter: Waiter = {
        since: this.#options.now(),
        admit: (place) => {
          settle(() => {
            resolve(place);
          });
        },
      };
      const refuse = (error: unknown): void => {
        settle(() => {
          reject(error instanceof Error ? error : new RunnerError('internal', 'The wait was given up.'));
        });
      };
      const onAbort = (): void => {
        refuse(signal.reason);
      };
      const timer = setTimeout(() => {
        refuse(this.#full('none was free in time'));
      }, this.#options.maxWaitMs);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  #give(since: number): Place {
    const waitedMs = this.#options.now() - since;
    this.#served += 1;
    this.#waits = [...this.#waits, waitedMs].slice(-remembered);
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      this.#served -= 1;
      const next = this.#waiting[0];
      if (next !== undefined) next.admit(this.#give(next.since));
    };
    return { waitedMs, leave };
  }

  #full(why: string): RunnerError {
    return new RunnerError('capacity_exhausted', `No run can be taken on at the moment: ${why}. Try again shortly.`, {
      context: { waiting: this.waiting, retry_after_seconds: Math.max(1, Math.ceil(this.waitMs / 1000)) },
    });
  }
}
