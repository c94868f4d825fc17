/**
 * The proxy's Prometheus metrics, in a registry of their own, so that they do not mix with a host app's. The only file of the
 * proxy that knows prom-client. Ids and addresses are never labels. docs/operations.md lists them.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Question } from './authorize.js';
import { proxyErrors, type ProxyErrorCode } from './proxy-error.js';

export type Action = Question['action'];
/** Answered by a replica, left by the client before there was an answer, or refused by the proxy with this code. */
export type Outcome = 'passed' | 'aborted' | ProxyErrorCode;

/** What is counted only when somebody looks. */
export interface Levels {
  readonly replicas: { readonly known: number; readonly ready: number };
  readonly tunnels: number;
}

const actions: readonly Action[] = ['start', 'call', 'attach'];
/** Seconds; as the runner counts its starts, with what is waited for a replica. */
const buckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];
/** How often the event loop's lag is sampled: each sample wakes the process. */
const loopMonitorMs = 100;

export class ProxyMetrics {
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];

  readonly #requests = new Counter({
    name: 'repl_proxy_requests_total',
    help: 'Starts, calls and attachments, by outcome: passed, aborted, or the code of a refusal.',
    labelNames: ['action', 'outcome'],
    registers: this.#registers,
  });
  readonly #seconds = new Histogram({
    name: 'repl_proxy_request_seconds',
    help: 'Time that starts and calls took that a replica answered.',
    labelNames: ['action'],
    buckets,
    registers: this.#registers,
  });
  readonly #passedOver = new Counter({
    name: 'repl_proxy_placements_refused_total',
    help: 'Replicas that did not take a start, so that the next one was asked: full, or not to be reached.',
    labelNames: ['reason'],
    registers: this.#registers,
  });

  /** @param levels asked at each scrape */
  constructor(levels: () => Levels) {
    const outcomes: readonly string[] = ['passed', 'aborted', ...Object.keys(proxyErrors)];
    for (const action of actions) for (const outcome of outcomes) this.#requests.inc({ action, outcome }, 0);
    for (const reason of ['full', 'unreachable']) this.#passedOver.inc({ reason }, 0);
    new Gauge({
      name: 'repl_proxy_replicas',
      help: 'Replicas whose address is known, and those of them that take sessions.',
      labelNames: ['state'],
      registers: this.#registers,
      collect() {
        const { known, ready } = levels().replicas;
        this.set({ state: 'known' }, known);
        this.set({ state: 'ready' }, ready);
      },
    });
    new Gauge({
      name: 'repl_proxy_tunnels',
      help: 'Websockets that are open or being opened.',
      registers: this.#registers,
      collect() {
        this.set(levels().tunnels);
      },
    });
  }

  /** Adds the process's own metrics, for a process that is the proxy's alone. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: loopMonitorMs });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The metrics in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  count(action: Action, outcome: Outcome): void {
    this.#requests.inc({ action, outcome });
  }

  observe(action: Exclude<Action, 'attach'>, ms: number): void {
    this.#seconds.observe({ action }, ms / 1000);
  }

  countPassedOver(reason: 'full' | 'unreachable'): void {
    this.#passedOver.inc({ reason });
  }
}
