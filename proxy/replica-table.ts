/**
 * What is known of the replicas: which addresses there are, who answers there, whose sessions live where, and since when a
 * name has been away. It is told what happened and when; it asks nobody, and it holds no timer.
 */
import type { Candidate } from './placement.js';
import type { Readiness } from './readiness.js';

export type Whereabouts =
  /** The replica itself first, then those that have adopted from it. */
  | { readonly kind: 'here'; readonly urls: readonly string[] }
  /** Not to be found, perhaps only for a moment. */
  | { readonly kind: 'away' }
  | { readonly kind: 'gone' };

interface Target {
  readonly url: string;
  readonly readiness: Readiness | null;
  /** In ms; when it was last heard of. */
  readonly answeredAt: number;
  readonly failing: boolean;
  /** Sessions that were sent there since it said how many it takes. */
  readonly placed: number;
}

/** Names remembered as away. Clients can invent names; those that fall out merely count as newly away. */
const maxAway = 10_000;

export class ReplicaTable {
  readonly #awayMs: number;
  #targets = new Map<string, Target>();
  readonly #away = new Map<string, number>();

  /** @param options.awayMs how long a replica may be away before its sessions count as gone */
  constructor(options: { awayMs: number }) {
    this.#awayMs = options.awayMs;
  }

  get urls(): readonly string[] {
    return [...this.#targets.keys()];
  }

  /** The addresses that there are from now on. */
  setUrls(urls: readonly string[]): void {
    const before = this.#targets;
    this.#targets = new Map(
      urls.map((url) => [url, before.get(url) ?? { url, readiness: null, answeredAt: 0, failing: false, placed: 0 }]),
    );
    for (const target of before.values()) if (!this.#targets.has(target.url)) this.#missed(target);
  }

  answered(url: string, readiness: Readiness, now: number): void {
    const before = this.#targets.get(url);
    if (before === undefined) return;
    this.#targets.set(url, { url, readiness, answeredAt: now, failing: false, placed: 0 });
    for (const name of readiness.serves) this.#away.delete(name);
    this.#missed(before);
  }

  /** Nobody could be reached there. */
  failed(url: string): void {
    const target = this.#targets.get(url);
    if (target !== undefined) this.#targets.set(url, { ...target, failing: true });
  }

  /** A session is being started there. */
  placed(url: string): void {
    const target = this.#targets.get(url);
    if (target !== undefined) this.#targets.set(url, { ...target, placed: target.placed + 1 });
  }

  /** Those that take new sessions. */
  candidates(): Candidate[] {
    const candidates: Candidate[] = [];
    for (const { url, readiness, failing, placed } of this.#targets.values()) {
      if (readiness?.ready === true && !failing) candidates.push({ url, free: readiness.free - placed });
    }
    return candidates;
  }

  /** Where the sessions of this name live. A name that nobody has heard of counts as away from the first question on. */
  find(name: string, now: number): Whereabouts {
    const serving = this.#serving(name);
    if (serving.length === 0)
      return this.#isGone(this.#awaySince(name, now), now) ? { kind: 'gone' } : { kind: 'away' };
    const reachable = serving.filter(({ failing, answeredAt }) => !failing || !this.#isGone(answeredAt, now));
    if (reachable.length === 0) return { kind: 'gone' };
    const rank = (target: Target): number => (target.failing ? 2 : 0) + (target.readiness?.replica === name ? 0 : 1);
    return { kind: 'here', urls: reachable.sort((a, b) => rank(a) - rank(b)).map(({ url }) => url) };
  }

  #serving(name: string): Target[] {
    return [...this.#targets.values()].filter(({ readiness }) => readiness?.serves.includes(name) === true);
  }

  /** Remembers when the names were last heard of that this target served and nobody serves now. */
  #missed({ readiness, answeredAt }: Target): void {
    for (const name of readiness?.serves ?? []) {
      if (this.#serving(name).length === 0) this.#remember(name, answeredAt);
    }
  }

  #awaySince(name: string, now: number): number {
    const since = this.#away.get(name);
    if (since !== undefined) return since;
    this.#remember(name, now);
    return now;
  }

  #remember(name: string, since: number): void {
    this.#away.set(name, since);
    if (this.#away.size <= maxAway) return;
    const [oldest] = this.#away.keys();
    if (oldest !== undefined) this.#away.delete(oldest);
  }

  #isGone(since: number, now: number): boolean {
    return now - since >= this.#awayMs;
  }
}
