/**
 * The runner's Prometheus metrics, in a registry of their own. The only file that knows prom-client; everybody else calls
 * the typed methods. Ids and other unbounded values are never labels.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ErrorCode } from './errors.js';

/** The parts of a start: reading the body, waiting for a sandbox, claiming it, and all of it to the answer. */
export type StartStage = 'read' | 'claim' | 'prepare' | 'total';

/** Seconds; a warm start takes a few milliseconds, a cold one tenths of a second. */
const startBuckets = [0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How often the event loop's lag is sampled: each sample wakes the process. */
const loopMonitorMs = 100;

export interface PoolLevels {
  readonly warm: number;
  readonly creating: number;
  readonly waiting: number;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];

  readonly #startSeconds = new Histogram({
    name: 'repl_runner_start_seconds',
    help: 'Time that starting a session took, by stage.',
    labelNames: ['stage', 'cold'],
    buckets: startBuckets,
    registers: this.#registers,
  });

  readonly #pool = new Gauge({
    name: 'repl_runner_pool',
    help: 'Sandboxes that are warm or being created, and requests that wait for one, by language.',
    labelNames: ['language', 'state'],
    registers: this.#registers,
  });

  readonly #sessions = new Gauge({
    name: 'repl_runner_sessions',
    help: 'Sessions by state.',
    labelNames: ['state'],
    registers: this.#registers,
  });

  readonly #ended = new Counter({
    name: 'repl_runner_sessions_ended_total',
    help: 'Sessions that ended, by reason.',
    labelNames: ['reason'],
    registers: this.#registers,
  });

  readonly #endsFailed = new Counter({
    name: 'repl_runner_session_ends_failed_total',
    help: 'Sessions that ended by themselves and whose sandbox could not be removed, by reason.',
    labelNames: ['reason'],
    registers: this.#registers,
  });

  readonly #refusals = new Counter({
    name: 'repl_runner_refusals_total',
    help: 'Requests that were answered with an error, by code.',
    labelNames: ['code'],
    registers: this.#registers,
  });

  /** Counted at every keystroke, so by plain numbers, which a scrape takes up. */
  readonly #terminalBytes = { in: 0, out: 0 };

  constructor() {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: loopMonitorMs });
    const terminalBytes = this.#terminalBytes;
    new Counter({
      name: 'repl_runner_websocket_bytes_total',
      help: 'Terminal bytes over websockets, by direction as seen from the runner.',
      labelNames: ['direction'],
      registers: this.#registers,
      collect() {
        for (const direction of ['in', 'out'] as const) {
          this.inc({ direction }, terminalBytes[direction]);
          terminalBytes[direction] = 0;
        }
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The metrics in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  observeStart(stage: StartStage, cold: boolean, ms: number): void {
    this.#startSeconds.observe({ stage, cold: String(cold) }, ms / 1000);
  }

  setPool(language: string, levels: PoolLevels): void {
    this.#pool.set({ language, state: 'warm' }, levels.warm);
    this.#pool.set({ language, state: 'creating' }, levels.creating);
    this.#pool.set({ language, state: 'waiting' }, levels.waiting);
  }

  setSessions(state: 'starting' | 'running' | 'exited', count: number): void {
    this.#sessions.set({ state }, count);
  }

  countEnded(reason: string): void {
    this.#ended.inc({ reason });
  }

  countEndFailed(reason: string): void {
    this.#endsFailed.inc({ reason });
  }

  countRefusal(code: ErrorCode): void {
    this.#refusals.inc({ code });
  }

  countWebsocketBytes(direction: 'in' | 'out', bytes: number): void {
    this.#terminalBytes[direction] += bytes;
  }
}
