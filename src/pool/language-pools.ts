/** The pools of all languages that this replica starts, and a claim by a language's name. */
import { RunnerError } from '../errors.js';
import type { Language } from '../language/language.js';
import type { Limits } from '../sandbox/limits.js';
import type { Claim, Pool } from './pool.js';

export interface LanguagePool {
  readonly language: Language;
  readonly pool: Pool;
}

export class LanguagePools {
  readonly #pools: ReadonlyMap<string, LanguagePool>;
  readonly #defaultLimits: Readonly<Record<string, number>>;

  constructor(pools: readonly LanguagePool[], defaultLimits: Limits) {
    this.#pools = new Map(pools.map((entry) => [entry.language.name, entry]));
    this.#defaultLimits = { ...defaultLimits };
  }

  /** Whether any language can be had, as far as is known. */
  get able(): boolean {
    return [...this.#pools.values()].some(({ pool }) => pool.able);
  }

  get counts(): Record<string, { warm: number; creating: number; waiting: number }> {
    return Object.fromEntries([...this.#pools].map(([name, { pool }]) => [name, pool.counts]));
  }

  /** Throws RunnerError `language_unknown`. */
  language(name: string): Language {
    return this.#find(name).language;
  }

  /**
   * A sandbox of this language, warm where the limits are the defaults. Rejects with RunnerError `language_unknown`, or as
   * `Pool.claim` does.
   */
  async claim(name: string, limits: Partial<Limits>, signal: AbortSignal): Promise<Claim> {
    const { pool } = this.#find(name);
    const own = Object.entries(limits).some(([limit, value]) => this.#defaultLimits[limit] !== value);
    return own ? await pool.claimCold(limits, signal) : await pool.claim(signal);
  }

  /** Begins to fill. */
  open(): void {
    for (const { pool } of this.#pools.values()) pool.open();
  }

  /** Resolves when nothing is left. */
  async stop(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(({ pool }) => pool.stop()));
  }

  #find(name: string): LanguagePool {
    const entry = this.#pools.get(name);
    if (entry !== undefined) return entry;
    const known = [...this.#pools.keys()];
    throw new RunnerError('language_unknown', `There is no language ${name}; there is ${known.join(', ')}.`, {
      context: { language: name.slice(0, 100), known },
    });
  }
}
