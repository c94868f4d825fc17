/**
 * Watches the lifetime of one session: notes what counts as use of it, warns before the end that `lifetime` names, and says
 * when that has come. It ends nothing by itself.
 */
import { nextDeadline, warningMs, type Deadline, type ExpiryReason, type LifetimeRules } from './lifetime.js';

export interface LifetimeListener {
  onWarning(reason: ExpiryReason, seconds: number): void;
  onExpired(reason: ExpiryReason): void;
  /** CPU time that the session has used so far; asked before it would end as idle. */
  cpuNanos(): Promise<number>;
}

/** Less of a core than this, over the time that makes a session idle, is no use of it. */
const computingShare = 0.01;
const longestTimerMs = 0x7fff_ffff;

export class LifetimeClock {
  readonly #rules: LifetimeRules;
  readonly #createdAt: number;
  readonly #listener: LifetimeListener;
  #activeAt = Date.now();
  #detachedAt: number | null = null;
  #cpuNanos = 0;
  /** What is under way beside the REPL, which is use for as long as it takes. */
  #busy = 0;
  #warned = false;
  #stopped = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(rules: LifetimeRules, createdAt: Date, listener: LifetimeListener) {
    this.#rules = rules;
    this.#createdAt = createdAt.getTime();
    this.#listener = listener;
  }

  /** When the session ends if nothing more happens. */
  get deadline(): Deadline {
    return nextDeadline(this.#rules, {
      createdAt: this.#createdAt,
      activeAt: this.#activeAt,
      detachedAt: this.#detachedAt,
    });
  }

  touch(): void {
    this.#activeAt = Date.now();
  }

  /** Its owner came, or went; `arm` takes it into account. */
  attach(): void {
    this.#detachedAt = null;
    this.touch();
  }

  detach(): void {
    this.touch();
    this.#detachedAt = this.#activeAt;
  }

  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#busy += 1;
    this.touch();
    try {
      return await work();
    } finally {
      this.#busy -= 1;
      this.touch();
    }
  }

  /** One timer a session: it looks again at the next deadline, or at the warning before it. */
  arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#stopped) return;
    const left = this.deadline.at - Date.now();
    const wait = left > warningMs ? left - warningMs : left;
    this.#timer = setTimeout(() => void this.#look(), Math.min(Math.max(wait, 0), longestTimerMs)).unref();
  }

  /** Says nothing any more. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#busy > 0) this.touch();
    const { at, reason } = this.deadline;
    if (reason === 'idle' && at - Date.now() <= warningMs && (await this.#hasComputed())) this.touch();
    if (this.#stopped) return;
    const deadline = this.deadline;
    const left = deadline.at - Date.now();
    if (left <= 0) {
      this.#listener.onExpired(deadline.reason);
      return;
    }
    if (left <= warningMs && !this.#warned) this.#listener.onWarning(deadline.reason, Math.ceil(left / 1000));
    this.#warned = left <= warningMs;
    this.arm();
  }

  /** Whether CPU time worth the name was used since this was last asked. */
  async #hasComputed(): Promise<boolean> {
    try {
      const nanos = await this.#listener.cpuNanos();
      const used = nanos - this.#cpuNanos;
      this.#cpuNanos = nanos;
      return used > this.#rules.idleMs * 1e6 * computingShare;
    } catch {
      return false;
    }
  }
}
