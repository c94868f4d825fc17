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

/** One address; a thousand of them are gone through for each start, hence one shape for all. */
class Target {
  readiness: Readiness | null = null;
  /** In ms; when it was last heard of. */
  answeredAt = 0;
  /** Since it last answered. */
  failures = 0;
  /** Sessions that were sent there since it said how many it takes. */
  placed = 0;
  /** It has refused a session since then. */
  refused = false;
  /** Its address is no longer among the replicas', but it answers and has sessions, as one that drains does. */
  withdrawn = false;

  constructor(readonly url: string) {}

  get takesSessions(): boolean {
    return this.readiness?.ready === true && this.failures === 0 && !this.refused && !this.withdrawn;
  }
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

  /** How often an address has failed since it last answered, or null when it is none of a replica. */
  failures(url: string): number | null {
    return this.#targets.get(url)?.failures ?? null;
  }

  /**
   * The addresses that there are from now on. One that is not among them any more gets no new sessions, and is let go of once
   * it has none left or does not answer: an orchestrator withdraws a replica's address before it stops it.
   */
  setUrls(urls: readonly string[]): void {
    const before = this.#targets;
    this.#targets = new Map(urls.map((url) => [url, before.get(url) ?? new Target(url)]));
    for (const target of this.#targets.values()) target.withdrawn = false;
    for (const target of before.values()) {
      if (this.#targets.has(target.url)) continue;
      target.withdrawn = true;
      this.#targets.set(target.url, target);
      this.#dropUnlessUsed(target);
    }
  }

  answered(url: string, readiness: Readiness, now: number): void {
    const target = this.#targets.get(url);
    if (target === undefined) return;
    const { readiness: before, answeredAt } = target;
    Object.assign(target, { readiness, answeredAt: now, failures: 0, placed: 0, refused: false });
    for (const name of readiness.serves) this.#away.delete(name);
    const dropped = before?.serves.filter((name) => !readiness.serves.includes(name)) ?? [];
    this.#missed(dropped, answeredAt);
    this.#dropUnlessUsed(target);
  }

  /** Nobody could be reached there. Answers how often that was so since it last answered. */
  failed(url: string): number {
    const target = this.#targets.get(url);
    if (target === undefined) return 0;
    target.failures += 1;
    this.#dropUnlessUsed(target);
    return target.failures;
  }

  /** It takes no session until it says that it does. */
  refused(url: string): void {
    const target = this.#targets.get(url);
    if (target !== undefined) target.refused = true;
  }

  /** A session is being started there. */
  placed(url: string): void {
    const target = this.#targets.get(url);
    if (target !== undefined) target.placed += 1;
  }

  /** Those that take new sessions. */
  candidates(): Candidate[] {
    const candidates: Candidate[] = [];
    for (const { url, readiness, takesSessions, placed } of this.#targets.values()) {
      if (!takesSessions || readiness === null) continue;
      const { warm, free, load } = readiness;
      candidates.push({ url, warm: Math.max(0, warm - placed), free: free - placed, load });
    }
    return candidates;
  }

  /** Where the sessions of this name live. A name that nobody has heard of counts as away from the first question on. */
  find(name: string, now: number): Whereabouts {
    const serving = this.#serving(name);
    if (serving.length === 0)
      return this.#isGone(this.#awaySince(name, now), now) ? { kind: 'gone' } : { kind: 'away' };
    const reachable = serving.filter(({ failures, answeredAt }) => failures === 0 || !this.#isGone(answeredAt, now));
    if (reachable.length === 0) return { kind: 'gone' };
    const rank = (target: Target): number =>
      (target.failures > 0 ? 2 : 0) + (target.readiness?.replica === name ? 0 : 1);
    return { kind: 'here', urls: reachable.sort((a, b) => rank(a) - rank(b)).map(({ url }) => url) };
  }

  #serving(name: string): Target[] {
    return [...this.#targets.values()].filter(({ readiness }) => readiness?.serves.includes(name) === true);
  }

  #dropUnlessUsed({ url, withdrawn, failures, readiness, answeredAt }: Target): void {
    if (!withdrawn || (failures === 0 && readiness !== null && readiness.sessions > 0)) return;
    this.#targets.delete(url);
    this.#missed(readiness?.serves ?? [], answeredAt);
  }

  /** Remembers when names were last heard of, where nobody else serves them. */
  #missed(names: readonly string[], answeredAt: number): void {
    for (const name of names) if (this.#serving(name).length === 0) this.#remember(name, answeredAt);
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
