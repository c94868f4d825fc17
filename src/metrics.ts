/**
 * The runner's Prometheus metrics, in a registry of their own. The only file of the runner that knows prom-client; everybody
 * else calls the typed methods. Ids and other unbounded values are never labels. What can be counted stands there as 0 from
 * the start, so that a rate sees the first one. docs/operations.md lists them.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ReplExit } from './agent/message.js';
import type { EgressFacts } from './egress/session-egress.js';
import { errorCodes, type ErrorCode } from './errors.js';
import type { RunOutcome } from './execution/outcome.js';
import { openFiles } from './open-files.js';
import type { EndReason } from './session/session.js';
import type { CloseReason } from './terminal/protocol.js';

/** The parts of a start: reading the body, waiting for a sandbox, claiming it, and all of it to the answer. */
export type StartStage = 'read' | 'claim' | 'prepare' | 'total';

const roles = ['owner', 'viewer'] as const;
export type AttachmentRole = (typeof roles)[number];
/** Where a run is: in a session, or once in a sandbox of its own. */
const runKinds = ['session', 'once'] as const;
type RunKind = (typeof runKinds)[number];

export interface PoolLevels {
  readonly warm: number;
  readonly creating: number;
  readonly waiting: number;
}

/** An HTTP request that is over. */
export interface RequestFacts {
  readonly method: string;
  /** The pattern of its path. */
  readonly route: string;
  /** Null when its client went away before the answer was whole. */
  readonly status: number | null;
  readonly ms: number;
}

/** Seconds; a warm start takes a few milliseconds, a cold one tenths of a second. */
const startBuckets = [0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Seconds; a sandbox of bubblewrap takes tens of milliseconds, one of a daemon that is loaded takes seconds. */
const createBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds; files take a millisecond, runs as long as they may. */
const requestBuckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];

/** How often the event loop's lag is sampled: each sample wakes the process. */
const loopMonitorMs = 100;

/** prom-client looks at each socket and timer for these at every scrape, and nobody asks for them. */
const countedOneByOne = [
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
];
const openFilesName = 'process_open_fds';

/** Others become one label, since a client may say whatever its parser lets it say. */
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

const codes = keysOf(errorCodes);
const endReasons = keysOf<EndReason>({
  deleted: 1,
  idle: 1,
  detach_grace: 1,
  max_lifetime: 1,
  sandbox_lost: 1,
  start_failed: 1,
  stopping: 1,
});
const outcomes = keysOf<ReplExit['outcome']>({ ok: 1, runtime_error: 1, signal: 1, out_of_memory: 1 });
const runOutcomes = keysOf<RunOutcome>({
  ok: 1,
  runtime_error: 1,
  signal: 1,
  wall_timeout: 1,
  cpu_timeout: 1,
  out_of_memory: 1,
  process_limit: 1,
  output_limit: 1,
  disk_full: 1,
  ended: 1,
  infrastructure: 1,
});
const closeReasons = keysOf<CloseReason>({
  exited: 1,
  taken_over: 1,
  deleted: 1,
  malformed: 1,
  unauthorized: 1,
  forbidden: 1,
  unknown: 1,
  expired: 1,
  gone: 1,
  sandbox_lost: 1,
  draining: 1,
  not_yet: 1,
});

const egressOutcomes = keysOf<EgressFacts['outcome']>({
  done: 1,
  malformed: 1,
  not_allowed: 1,
  address_refused: 1,
  name_mismatch: 1,
  not_tls: 1,
  bytes_spent: 1,
  too_many: 1,
  too_fast: 1,
  unresolved: 1,
  unreachable: 1,
  timed_out: 1,
  no_permission: 1,
});

export class Metrics {
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];

  readonly #info = this.#gauge('info', 'Always 1: which driver makes the sandboxes, and which commit runs.', [
    'driver',
    'sha',
  ]);
  readonly #ready = this.#gauge('ready', 'Whether sessions can be started here: 1, or 0.');
  readonly #maxSessions = this.#gauge('sessions_max', 'Sessions that this replica may hold.');
  readonly #sessions = this.#gauge('sessions', 'Sessions by state.', ['state']);
  readonly #attachments = this.#gauge('attachments', 'Websockets on terminals, by role.', ['role']);
  readonly #sandboxesListed = this.#gauge(
    'sandboxes_listed',
    'Running sandboxes of this replica when the driver last listed them; only where sandboxes outlive their runner.',
  );
  readonly #pool = this.#gauge(
    'pool',
    'Sandboxes that are warm or being created, and requests that wait for one, by language.',
    ['language', 'state'],
  );

  readonly #startSeconds = this.#histogram('start_seconds', 'Time that starting a session took, by stage.', {
    labelNames: ['stage', 'cold'],
    buckets: startBuckets,
  });
  readonly #createSeconds = this.#histogram(
    'sandbox_create_seconds',
    'Time from the order for a sandbox to the REPL that waits in it, by language.',
    { labelNames: ['language'], buckets: createBuckets },
  );
  readonly #requestSeconds = this.#histogram(
    'request_seconds',
    'Time that HTTP requests took, by route; the status is that of a class, or aborted.',
    { labelNames: ['method', 'route', 'status'], buckets: requestBuckets },
  );

  readonly #createsFailed = this.#counter('sandbox_creates_failed_total', 'Sandboxes that could not be made.', {
    code: codes,
  });
  readonly #ended = this.#counter('sessions_ended_total', 'Sessions that ended, by reason.', { reason: endReasons });
  readonly #endsFailed = this.#counter(
    'session_ends_failed_total',
    'Sessions that ended by themselves and whose sandbox could not be removed, by reason.',
    { reason: endReasons },
  );
  readonly #exits = this.#counter('repl_exits_total', 'REPLs that ended in a session, by outcome.', {
    outcome: outcomes,
  });
  readonly #restarts = this.#counter('restarts_total', 'REPLs that were started anew in their session.', {});
  readonly #adoptions = this.#counter('adoptions_total', 'Sandboxes of earlier runners, by what became of them.', {
    outcome: ['done', 'failed'],
  });
  readonly #refusals = this.#counter('refusals_total', 'Requests that were answered with an error, by code.', {
    code: codes,
  });
  readonly #attaches = this.#counter('attaches_total', 'Websockets that were given a terminal, by role.', {
    role: roles,
  });
  readonly #closes = this.#counter('websocket_closes_total', 'Websockets that the runner closed, by reason.', {
    reason: closeReasons,
  });

  readonly #runs = this.#counter(
    'runs_total',
    'Runs that have ended, in a session or once in a sandbox of their own.',
    { kind: runKinds, outcome: runOutcomes },
  );
  readonly #runWait = this.#histogram(
    'run_wait_seconds',
    'Time that a run in a sandbox of its own waited for its turn and its sandbox.',
    { labelNames: [], buckets: startBuckets },
  );
  readonly #runsNow = this.#gauge('runs', 'Runs in sandboxes of their own that are under way or wait for their turn.', [
    'state',
  ]);

  readonly #egress = this.#counter(
    'egress_connections_total',
    'Connections of sessions outwards that have ended or were refused, by what became of them.',
    { outcome: egressOutcomes },
  );
  readonly #egressNow = this.#gauge('egress_connections', 'Connections of sessions outwards that are open.');
  readonly #egressBytes = this.#counter(
    'egress_bytes_total',
    'Bytes that sessions moved through their way out, by direction as seen from the session.',
    { direction: ['in', 'out'] },
  );

  /** Counted at every keystroke, so by plain numbers, which a scrape takes up. */
  readonly #terminalBytes = { in: 0, out: 0 };

  constructor() {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: loopMonitorMs });
    for (const name of countedOneByOne) this.#registry.removeSingleMetric(name);
    this.#countOpenFiles();
    for (const role of roles) this.#attachments.set({ role }, 0);
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

  setInfo(driver: string, sha: string): void {
    this.#info.set({ driver, sha }, 1);
  }

  setCapacity({ ready, maxSessions }: { ready: boolean; maxSessions: number }): void {
    this.#ready.set(ready ? 1 : 0);
    this.#maxSessions.set(maxSessions);
  }

  setPool(language: string, levels: PoolLevels): void {
    this.#pool.set({ language, state: 'warm' }, levels.warm);
    this.#pool.set({ language, state: 'creating' }, levels.creating);
    this.#pool.set({ language, state: 'waiting' }, levels.waiting);
  }

  setSessions(state: 'starting' | 'running' | 'exited', count: number): void {
    this.#sessions.set({ state }, count);
  }

  countRun(kind: RunKind, outcome: RunOutcome): void {
    this.#runs.inc({ kind, outcome });
  }

  observeRunWait(ms: number): void {
    this.#runWait.observe(ms / 1000);
  }

  setRuns(active: number, waiting: number): void {
    this.#runsNow.set({ state: 'active' }, active);
    this.#runsNow.set({ state: 'waiting' }, waiting);
  }

  changeAttachments(role: AttachmentRole, change: 1 | -1): void {
    this.#attachments.inc({ role }, change);
  }

  setSandboxesListed(count: number): void {
    this.#sandboxesListed.set(count);
  }

  observeStart(stage: StartStage, cold: boolean, ms: number): void {
    this.#startSeconds.observe({ stage, cold: String(cold) }, ms / 1000);
  }

  observeCreate(language: string, ms: number): void {
    this.#createSeconds.observe({ language }, ms / 1000);
  }

  observeRequest({ method, route, status, ms }: RequestFacts): void {
    const labels = {
      method: methods.includes(method) ? method : 'other',
      route,
      status: status === null ? 'aborted' : `${Math.floor(status / 100)}xx`,
    };
    this.#requestSeconds.observe(labels, ms / 1000);
  }

  countCreateFailed(code: ErrorCode): void {
    this.#createsFailed.inc({ code });
  }

  countEnded(reason: EndReason): void {
    this.#ended.inc({ reason });
  }

  countEndFailed(reason: EndReason): void {
    this.#endsFailed.inc({ reason });
  }

  countExit(outcome: ReplExit['outcome']): void {
    this.#exits.inc({ outcome });
  }

  countRestart(): void {
    this.#restarts.inc();
  }

  countAdoption(outcome: 'done' | 'failed'): void {
    this.#adoptions.inc({ outcome });
  }

  countRefusal(code: ErrorCode): void {
    this.#refusals.inc({ code });
  }

  countAttach(role: AttachmentRole): void {
    this.#attaches.inc({ role });
  }

  countClose(reason: CloseReason): void {
    this.#closes.inc({ reason });
  }

  countEgress(outcome: EgressFacts['outcome']): void {
    this.#egress.inc({ outcome });
  }

  changeEgressConnections(change: 1 | -1): void {
    this.#egressNow.inc(change);
  }

  countEgressBytes(direction: 'in' | 'out', bytes: number): void {
    this.#egressBytes.inc({ direction }, bytes);
  }

  countWebsocketBytes(direction: 'in' | 'out', bytes: number): void {
    this.#terminalBytes[direction] += bytes;
  }

  /** Where the platform has it at all, without a list of them. */
  #countOpenFiles(): void {
    if (this.#registry.getSingleMetric(openFilesName) === undefined) return;
    this.#registry.removeSingleMetric(openFilesName);
    new Gauge({
      name: openFilesName,
      help: 'Files and sockets that are open.',
      registers: this.#registers,
      async collect() {
        this.set(await openFiles());
      },
    });
  }

  #gauge<Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ name: `repl_runner_${name}`, help, labelNames, registers: this.#registers });
  }

  #histogram<Label extends string>(
    name: string,
    help: string,
    shape: { labelNames: readonly Label[]; buckets: number[] },
  ): Histogram<Label> {
    return new Histogram({ name: `repl_runner_${name}`, help, ...shape, registers: this.#registers });
  }

  /** @param values all that each of its labels can say */
  #counter<Label extends string>(
    name: string,
    help: string,
    values: Readonly<Record<Label, readonly string[]>>,
  ): Counter<Label> {
    const labelNames = keysOf(values);
    const counter = new Counter({ name: `repl_runner_${name}`, help, labelNames, registers: this.#registers });
    for (const labels of combinations(values)) counter.inc(labels, 0);
    return counter;
  }
}

/** Each value of each label with each of the others. */
function combinations<Label extends string>(
  values: Readonly<Record<Label, readonly string[]>>,
): Partial<Record<Label, string>>[] {
  let found: Partial<Record<Label, string>>[] = [{}];
  for (const label of keysOf(values)) {
    found = found.flatMap((labels) => values[label].map((value) => ({ ...labels, [label]: value })));
  }
  return found;
}

/** Object.keys forgets which they are. */
function keysOf<Key extends string>(table: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(table) as Key[];
}
