/**
 * A fleet on paper: replicas that are numbers, proxies that know them by the real table and place by the real function, a
 * clock that is counted. What a proxy knows is as old as it is in life.
 */
import { placementOrder } from '../../proxy/placement.js';
import type { Readiness } from '../../proxy/readiness.js';
import { ReplicaTable } from '../../proxy/replica-table.js';
import type { Random } from './random.js';

export interface FleetParts {
  readonly replicas: number;
  readonly maxSessions: number;
  /** Warm sandboxes that each replica keeps, and how long it takes to make one more. */
  readonly pool: number;
  readonly refillMs: number;
  readonly proxies: number;
  readonly pollMs: number;
}

/** What became of one start. */
export interface Placed {
  readonly outcome: 'warm' | 'cold' | 'refused';
  readonly tries: number;
}

class Replica {
  sessions = 0;
  #warm: number;
  #refilledAt = 0;

  constructor(
    readonly url: string,
    readonly parts: FleetParts,
  ) {
    this.#warm = parts.pool;
  }

  /** Null when it is full. */
  start(now: number): 'warm' | 'cold' | null {
    this.#refill(now);
    if (this.sessions >= this.parts.maxSessions) return null;
    this.sessions += 1;
    if (this.#warm === 0) return 'cold';
    this.#warm -= 1;
    return 'warm';
  }

  readiness(now: number): Readiness {
    this.#refill(now);
    const { url, sessions } = this;
    const free = this.parts.maxSessions - sessions;
    return { ready: free > 0, replica: url, serves: [url], sessions, free, warm: Math.min(this.#warm, free), load: 0 };
  }

  #refill(now: number): void {
    const { pool, refillMs } = this.parts;
    if (this.#warm === pool) this.#refilledAt = now;
    const made = Math.min(pool - this.#warm, Math.floor((now - this.#refilledAt) / refillMs));
    this.#warm += made;
    this.#refilledAt += made * refillMs;
  }
}

export class FleetSimulation {
  readonly replicas: readonly Replica[];
  readonly #byUrl: ReadonlyMap<string, Replica>;
  readonly #tables: readonly ReplicaTable[];
  /** For each proxy, when it looks at each replica next. */
  readonly #due: readonly number[][];

  constructor(
    readonly parts: FleetParts,
    readonly random: Random,
  ) {
    this.replicas = Array.from({ length: parts.replicas }, (_, index) => new Replica(`r${index}`, parts));
    this.#byUrl = new Map(this.replicas.map((replica) => [replica.url, replica]));
    this.#tables = Array.from({ length: parts.proxies }, () => new ReplicaTable({ awayMs: 60_000 }));
    for (const table of this.#tables) {
      table.setUrls(this.replicas.map(({ url }) => url));
      for (const replica of this.replicas) table.answered(replica.url, replica.readiness(0), 0);
    }
    this.#due = this.#tables.map(() => this.replicas.map(() => random.below(parts.pollMs)));
  }

  /** One start, through a random proxy, at this moment; moments must not go back. */
  start(now: number): Placed {
    const proxy = this.random.below(this.#tables.length);
    const table = this.#tables[proxy];
    if (table === undefined) throw new Error('there is no proxy');
    this.#look(table, this.#due[proxy] ?? [], now);
    const order = placementOrder(table.candidates(), () => this.random.next());
    for (const [index, url] of order.entries()) {
      table.placed(url);
      const outcome = this.#byUrl.get(url)?.start(now) ?? null;
      if (outcome !== null) return { outcome, tries: index + 1 };
      table.refused(url);
    }
    return { outcome: 'refused', tries: order.length };
  }

  #look(table: ReplicaTable, due: number[], now: number): void {
    for (const [index, replica] of this.replicas.entries()) {
      const at = due[index] ?? 0;
      if (at > now) continue;
      table.answered(replica.url, replica.readiness(now), now);
      due[index] = at + this.parts.pollMs * Math.ceil((now - at + 1) / this.parts.pollMs);
    }
  }
}
