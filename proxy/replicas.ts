/**
 * Keeps the table of replicas true: looks their addresses up, asks each for its `/ready` again and again, and at once when
 * somebody needs to know. Every decision is in replica-table.ts.
 */
import { lookup } from 'node:dns/promises';
import { exchange } from './exchange.js';
import { parseReadiness, type Readiness } from './readiness.js';
import { ReplicaTable, type Whereabouts } from './replica-table.js';
import type { Candidate } from './placement.js';

/** Fixed addresses, or one whose host name resolves to every replica. */
export type ReplicaSource = readonly string[] | { readonly dns: string };

export interface ReplicasOptions {
  readonly source: ReplicaSource;
  readonly pollMs: number;
  /** For one answer of a replica, and for one of the name service. */
  readonly probeTimeoutMs: number;
  readonly awayMs: number;
}

/** Questions that need a fresh answer share one round within this time. */
const freshMs = 200;
/** More than any replica says of itself. */
const maxAnswerBytes = 1024 * 1024;

export class Replicas {
  readonly #options: ReplicasOptions;
  readonly #table: ReplicaTable;
  readonly #closed = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | null = null;
  #roundEndedAt = -Infinity;

  constructor(options: ReplicasOptions) {
    this.#options = options;
    this.#table = new ReplicaTable({ awayMs: options.awayMs });
    if (!('dns' in options.source)) this.#table.setUrls(options.source.map(originOf));
    void this.#poll();
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
    this.#table.failed(url);
  }

  /** A session is being started at this address. */
  placed(url: string): void {
    this.#table.placed(url);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closed.abort();
  }

  async #poll(): Promise<void> {
    await this.#refresh();
    if (this.#closed.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#poll(), this.#options.pollMs);
    this.#timer.unref();
  }

  #refresh(): Promise<void> {
    if (this.#closed.signal.aborted || performance.now() - this.#roundEndedAt < freshMs) return Promise.resolve();
    this.#round ??= this.#ask().finally(() => {
      this.#round = null;
      this.#roundEndedAt = performance.now();
    });
    return this.#round;
  }

  async #ask(): Promise<void> {
    const { source } = this.#options;
    if ('dns' in source) {
      const urls = await this.#resolve(source.dns);
      if (urls !== null) this.#table.setUrls(urls);
    }
    await Promise.all(this.#table.urls.map((url) => this.#probe(url)));
  }

  async #probe(url: string): Promise<void> {
    const readiness = await this.#readinessOf(url);
    if (readiness === null) this.#table.failed(url);
    else this.#table.answered(url, readiness, performance.now());
  }

  /** Null when there is no answer, or none of a runner. */
  async #readinessOf(url: string): Promise<Readiness | null> {
    const ended = new AbortController();
    const stop = (): void => {
      ended.abort();
    };
    const timer = setTimeout(stop, this.#options.probeTimeoutMs);
    this.#closed.signal.addEventListener('abort', stop);
    try {
      const { probeTimeoutMs: connectTimeoutMs } = this.#options;
      const call = { method: 'GET', path: '/ready', headers: {}, body: null };
      const answer = await exchange(url, call, { connectTimeoutMs, signal: ended.signal });
      let text = '';
      answer.setEncoding('utf8');
      for await (const piece of answer) {
        text += String(piece);
        if (text.length > maxAnswerBytes) return null;
      }
      return parseReadiness(text);
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
      this.#closed.signal.removeEventListener('abort', stop);
      stop();
    }
  }

  /** Null when the name service does not answer; then the addresses known so far stay. */
  async #resolve(source: string): Promise<string[] | null> {
    const base = new URL(source);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, this.#options.probeTimeoutMs, null);
    });
    const addresses = lookup(base.hostname, { all: true }).catch(() => null);
    const found = await Promise.race([addresses, late]);
    clearTimeout(timer);
    if (found === null) return null;
    return found.map(({ address, family }) => {
      const url = new URL(base);
      url.hostname = family === 6 ? `[${address}]` : address;
      return url.origin;
    });
  }
}

function originOf(url: string): string {
  return new URL(url).origin;
}
