/**
 * The guard's Prometheus metrics. The only file of the guard that knows prom-client. Ids and paths are never labels.
 * docs/operations.md lists them.
 */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { callNames, type Call } from './call.js';

/** Answered by the daemon, refused by the guard, or not to be answered because the daemon is away. */
export type Outcome = 'passed' | 'refused' | 'failed';
export type CountedCall = Call['name'] | 'other';

/** How often the event loop's lag is sampled: each sample wakes the process. */
const loopMonitorMs = 100;

export class GuardMetrics {
  readonly #registry = new Registry();

  readonly #calls = new Counter({
    name: 'repl_guard_calls_total',
    help: 'Calls to the Docker daemon, by outcome: passed, refused by the guard, or failed.',
    labelNames: ['call', 'outcome'],
    registers: [this.#registry],
  });
  readonly #attachments = new Gauge({
    name: 'repl_guard_attachments',
    help: 'Raw connections to sandboxes that are open.',
    registers: [this.#registry],
  });

  constructor() {
    for (const call of callNames) {
      for (const outcome of ['passed', 'refused', 'failed']) this.#calls.inc({ call, outcome }, 0);
    }
  }

  /** Adds the process's own metrics. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: loopMonitorMs });
  }

  count(call: CountedCall, outcome: Outcome): void {
    this.#calls.inc({ call, outcome });
  }

  /** @param by 1 or -1 */
  addAttachments(by: number): void {
    this.#attachments.inc(by);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The metrics in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
