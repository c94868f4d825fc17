/**
 * Keeps the table of replicas true: looks their addresses up again and again, looks at each on its own schedule, so that one
 * that hangs delays no news of another, and at all of them when somebody needs to know. What follows from that is decided in
 * replica-table.ts, when to look again in look-interval.ts.
 */
import { lookIntervalMs } from './look-interval.js';
import type { Candidate } from './placement.js';
import { probe } from './probe.js';
import { ReplicaTable, type Whereabouts } from './replica-table.js';
import { resolveAddresses } from './resolve-addresses.js';

/** Fixed addresses, or one whose host name resolves to every replica. */
export type ReplicaSource = readonly string[] | { readonly dns: string };

export interface ReplicasOptions {
  readonly source: ReplicaSource;
  readonly pollMs: number;
  /** For one answer of a replica, and for one of the name service. */
  readonly probeTimeoutMs: number;
  readonly awayMs: number;
}

/** Questions that need fresh answers share one round within this time; with many replicas, a millisecond for each. */
const freshMs = 200;

export class Replicas {
  readonly #options: ReplicasOptions;
  readonly #table: ReplicaTable;
  readonly #closed = new AbortController();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #looking = new Map<string, Promise<void>>();
  #resolveTimer: NodeJS.Timeout | undefined;
  #round: Promise<void> | null = null;
  #roundEndedAt = -Infinity;

  constructor(options: ReplicasOptions) {
    this.#options = options;
    this.#table = new ReplicaTable({ awayMs: options.awayMs });
    if (!('dns' in options.source)) this.#table.setUrls(options.source.map(originOf));
    void this.#refresh();
    if ('dns' in options.source) this.#resolveLater(options.source.dns);
  }

  /** How many addresses there are, and how many of them take new sessions. */
  get counts(): { known: number; ready: number } {
    return { known: this.#table.urls.length, ready: this.#table.candidates().length };
  }

  /** Whether a session could be started somewhere. */
  get ready(): boolean {
    return this.#table.candidates().length > 0;
  }

  /** Where the sessions of this replica name live; asks around before it says that they are not to be found. */
  async find(name: string): Promise<Whereabouts> {
    const known = this.#table.find(name, performance.now());
    if (known.kind === 'here') return known;
    await this.#refresh();
    return this.#table.find(name, performance.now());
  }

  /** Who takes new sessions; asks around before it says nobody. */
  async candidates(): Promise<Candidate[]> {
    if (!this.ready) await this.#refresh();
    return this.#table.candidates();
  }

  /** A connection to this address has failed. */
  failed(url: string): void {
    if (this.#table.failed(url) === 1 && !this.#looking.has(url)) this.#lookLater(url);
  }

  /** A session is being started at this address. */
  placed(url: string): void {
    this.#table.placed(url);
  }

  /** This address takes no session at the moment. */
  refused(url: string): void {
    this.#table.refused(url);
  }

  close(): void {
    this.#closed.abort();
    clearTimeout(this.#resolveTimer);
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #refresh(): Promise<void> {
    const sharedMs = Math.max(freshMs, this.#table.urls.length);
    if (this.#closed.signal.aborted || performance.now() - this.#roundEndedAt < sharedMs) return Promise.resolve();
    this.#round ??= this.#ask().finally(() => {
      this.#round = null;
      this.#roundEndedAt = performance.now();
    });
    return this.#round;
  }

  async #ask(): Promise<void> {
    const { source } = this.#options;
    if ('dns' in source) await this.#resolve(source.dns);
    await Promise.all(this.#table.urls.map((url) => this.#look(url)));
  }

  async #resolve(source: string): Promise<void> {
    const urls = await resolveAddresses(source, this.#options.probeTimeoutMs);
    if (urls === null || this.#closed.signal.aborted) return;
    this.#table.setUrls(urls);
    for (const url of this.#table.urls) if (!this.#timers.has(url)) void this.#look(url);
  }

  #resolveLater(source: string): void {
    this.#resolveTimer = setTimeout(() => {
      void this.#resolve(source).then(() => {
        if (!this.#closed.signal.aborted) this.#resolveLater(source);
      });
    }, this.#options.pollMs).unref();
  }

  /** Resolves when the table knows what this address says now; looks again by itself after that. */
  #look(url: string): Promise<void> {
    const underWay = this.#looking.get(url);
    if (underWay !== undefined) return underWay;
    clearTimeout(this.#timers.get(url));
    this.#timers.delete(url);
    if (this.#table.failures(url) === null) return Promise.resolve();
    const look = this.#probe(url).finally(() => {
      this.#looking.delete(url);
      this.#lookLater(url);
    });
    this.#looking.set(url, look);
    return look;
  }

  #lookLater(url: string): void {
    clearTimeout(this.#timers.get(url));
    this.#timers.delete(url);
    const failures = this.#table.failures(url);
    if (failures === null || this.#closed.signal.aborted) return;
    const dueMs = lookIntervalMs(failures, this.#options.pollMs, Math.random());
    this.#timers.set(url, setTimeout(() => void this.#look(url), dueMs).unref());
  }

  async #probe(url: string): Promise<void> {
    const readiness = await probe(url, this.#options.probeTimeoutMs, this.#closed.signal);
    if (readiness === null) this.#table.failed(url);
    else this.#table.answered(url, readiness, performance.now());
  }
}

function originOf(url: string): string {
  return new URL(url).origin;
}
