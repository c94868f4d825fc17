/** Tells metrics and the host app's log what became of one request, once, with its session's id masked. It decides nothing. */
import { maskId } from './mask-id.js';
import type { Action, ProxyMetrics } from './metrics.js';
import type { ProxyEvent } from './options.js';
import type { ProxyError } from './proxy-error.js';

export interface Watched {
  readonly action: Action;
  readonly requestId: string;
  /** The session's; null for a start, and where the path names none. */
  readonly id: string | null;
}

export interface WatchDependencies {
  readonly metrics: Pick<ProxyMetrics, 'count' | 'observe'>;
  onEvent(event: ProxyEvent): void;
}

export class Watch {
  readonly #watched: Watched;
  readonly #dependencies: WatchDependencies;
  readonly #since = performance.now();
  #settled = false;
  #opened = false;

  constructor(watched: Watched, dependencies: WatchDependencies) {
    this.#watched = watched;
    this.#dependencies = dependencies;
  }

  /**
   * The answer has gone to the client.
   * @param status null where the client went away first
   * @param started the id of the session that was started
   */
  answered(status: number | null, started: string | null = null): void {
    const { action } = this.#watched;
    if (!this.#settle(status === null ? 'aborted' : 'passed')) return;
    const ms = performance.now() - this.#since;
    if (action !== 'attach' && status !== null) this.#dependencies.metrics.observe(action, ms);
    this.#tell({ name: `${action}-done`, status: status ?? 'aborted', ms }, started);
  }

  /** The proxy refuses. */
  failed({ code, cause }: ProxyError): void {
    if (!this.#settle(code)) return;
    this.#tell({ name: `${this.#watched.action}-failed`, code, cause });
  }

  /** A tunnel is open; `closed` tells of its end. */
  opened(): void {
    if (!this.#settle('passed')) return;
    this.#opened = true;
    this.#tell({ name: 'attach-done', status: 101, ms: performance.now() - this.#since });
  }

  /** The client's socket is closed. */
  closed(): void {
    if (this.#opened) this.#tell({ name: 'detach-done', ms: performance.now() - this.#since });
    else this.answered(null);
  }

  #settle(outcome: Parameters<ProxyMetrics['count']>[1]): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#dependencies.metrics.count(this.#watched.action, outcome);
    return true;
  }

  #tell(fate: EventFate, started: string | null = null): void {
    const { requestId } = this.#watched;
    const id = this.#watched.id ?? started;
    this.#dependencies.onEvent({ requestId, ...(id === null ? {} : { session: maskId(id) }), ...fate });
  }
}

type Fate<Event> = Event extends ProxyEvent ? Omit<Event, 'requestId' | 'session'> : never;
type EventFate = Fate<ProxyEvent>;
