/**
 * The set of sessions of this replica: starts them from the pools, finds them by either of their ids, remembers which ones
 * have ended, and stops them all. Languages and drivers are given to it; it makes no websocket and no HTTP answer.
 */
import type { ReplExit } from '../agent/message.js';
import { RunnerError } from '../errors.js';
import type { LanguagePools } from '../pool/language-pools.js';
import type { Claim } from '../pool/pool.js';
import { KeyLimits, noKeyLimits, type KeyLimitRules } from './key-limits.js';
import { withAnySignal } from '../with-any-signal.js';
import { writeArchive } from '../workspace/archive.js';
import type { PackReport } from '../workspace/workspace.js';
import type { TarContent } from '../agent/agent-connection.js';
import { Census, type Counts } from './census.js';
import { Session, type EndReason, type SessionParts, type SessionSettings } from './session.js';
import type { ForkRequest, StartRequest } from './start-request.js';

/** So long siblings may take to reach their sandboxes again once this replica has reached one of its own. */
const recoveryMs = 15_000;
/** Ended ids that are still answered with 410 instead of 404. */
const rememberedIds = 10_000;

export interface SessionsOptions {
  readonly replica: string;
  readonly maxSessions: number;
  /** Absent, an API key may have as much as the replica has. */
  readonly keyLimits?: KeyLimitRules;
  readonly session: SessionSettings;
}

/** What others are told of sessions: logs and metrics. */
export interface SessionsListener {
  onStarted(session: Session, times: { claimMs: number; prepareMs: number }): void;
  onEnded(session: Session, reason: EndReason): void;
  /** A session that ended by itself has left its sandbox behind; that one's agent ends it once nobody speaks to it. */
  onEndFailed(session: Session, reason: EndReason, error: unknown): void;
  onExited(session: Session, outcome: ReplExit['outcome']): void;
  onRestarted(session: Session): void;
  /** Its sandbox can be reached again, after so long; `null` where a sibling has taken it up meanwhile. */
  onRecovered(session: Session, ms: number | null): void;
}

export interface Fork {
  readonly session: Session;
  /** What was copied, and the first of what was left out. */
  readonly copy: PackReport;
}

export class Sessions {
  readonly #pools: LanguagePools;
  readonly #options: SessionsOptions;
  readonly #listener: SessionsListener;
  readonly #byId = new Map<string, Session>();
  readonly #byViewId = new Map<string, Session>();
  readonly #census = new Census();
  readonly #ended = new Set<string>();
  /** Ids of sessions whose sandboxes wait for another runner. */
  readonly #released = new Set<string>();
  /** Ids of sessions whose sandboxes are there, but which do not live here. */
  #sighted: ReadonlySet<string> = new Set();
  readonly #awaitingEmpty = new Set<() => void>();
  readonly #serves = new Set<string>();
  readonly #keyLimits: KeyLimits;
  /** What gives a session's place among those of its key back, by the session's id. */
  readonly #places = new Map<string, () => void>();
  /** Starts and forks under way, each until nothing is left of it or its session is the caller's. */
  readonly #starts = new Set<Promise<unknown>>();
  /** Sessions that their starts have not answered yet. */
  readonly #unanswered = new Set<Session>();
  readonly #stopping = new AbortController();
  #recoveredAt = -Infinity;
  #starting = 0;
  #accepting = true;

  constructor(pools: LanguagePools, options: SessionsOptions, listener: SessionsListener) {
    this.#pools = pools;
    this.#options = options;
    this.#listener = listener;
    this.#serves.add(options.replica);
    this.#keyLimits = new KeyLimits(options.keyLimits ?? noKeyLimits);
  }

  /** How many more sessions the replica may take, not counting those that are starting. */
  get room(): number {
    return this.#options.maxSessions - this.#byId.size;
  }

  /**
   * Starts a session. Rejects with RunnerError `language_unknown`, `capacity_exhausted`, `draining`, `too_many_starts`,
   * `too_many_sessions`, or what made the start fail; nothing is left behind then, nor when the signal aborts.
   */
  async start(request: StartRequest, signal: AbortSignal): Promise<Session> {
    const { entries } = request;
    const filesOf = async (): Promise<TarContent | null> => (entries.length === 0 ? null : await writeArchive(entries));
    return await this.#unlessStopping(signal, async (bounded) => {
      const claim = await this.#claim(request.language, request, bounded);
      return (await this.#startClaimed(claim, request, filesOf, bounded)).session;
    });
  }

  /**
   * A new session of the same language and limits with a copy of that one's files, which stream from sandbox to sandbox.
   * Rejects as `find` and `start` do, or as reading the files does; that one goes on whatever happens.
   */
  async fork(id: string, request: ForkRequest, signal: AbortSignal): Promise<Fork> {
    const { session: source } = this.find(id);
    const limits = { ...source.limits, ...request.limits };
    const { egress = source.egress } = request;
    const pack: { report: Promise<PackReport> | null } = { report: null };
    const filesOf = (): TarContent => {
      const { content, report } = source.workspace.pack(source.limits.diskBytes);
      pack.report = report;
      return content;
    };
    const { session, unpacked } = await this.#unlessStopping(signal, async (bounded) => {
      const claim = await this.#claim(source.language, { ...request, limits }, bounded);
      return await this.#startClaimed(claim, { ...request, egress }, filesOf, bounded);
    });
    const { leftOut = [], leftOutCount = 0 } = (await pack.report) ?? {};
    return { session, copy: { ...unpacked, leftOut, leftOutCount } };
  }

  /**
   * Takes up a session that an earlier runner of the same or another name has started. It is found once what it has
   * printed is here; where that does not come, it ends and this rejects.
   */
  async adopt(parts: SessionParts): Promise<Session> {
    const session = this.#create(parts);
    try {
      await session.resume(parts.agent);
    } catch (error) {
      await session.end('sandbox_lost');
      throw error;
    } finally {
      // Also of one that was lost: here it is known to have ended.
      this.#serves.add(parts.sandbox.spec.identity.replica);
    }
    this.#register(session);
    return session;
  }

  /** Both ids of every session whose sandbox was there at the last look, and which did not live here. */
  sight(ids: Iterable<string>): void {
    this.#sighted = new Set(ids);
  }

  /** Whether sandboxes could not be reached a moment ago, as while a daemon is away: their holders take them up again. */
  get recovering(): boolean {
    return performance.now() - this.#recoveredAt < recoveryMs || this.list().some(({ recovering }) => recovering);
  }

  /** Whether a session of this id has lived here, and its sandbox was left to another runner. */
  hasLetGo(id: string): boolean {
    return this.#released.has(id);
  }

  /** Whether a session of this id lives here. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /**
   * By the owner's id or by the view id. Throws `session_unknown`, `session_ended` while that is remembered, or `draining`
   * when it is about to be taken up, here or by another replica of the host, or lives there.
   */
  find(id: string): { session: Session; role: 'owner' | 'viewer' } {
    const owned = this.#byId.get(id);
    if (owned !== undefined) return { session: owned, role: 'owner' };
    const viewed = this.#byViewId.get(id);
    if (viewed !== undefined) return { session: viewed, role: 'viewer' };
    if (this.#released.has(id)) {
      throw new RunnerError('draining', 'This replica has let go of the session, for another one to take it up.');
    }
    if (this.#ended.has(id)) throw new RunnerError('session_ended', 'The session has ended.');
    if (this.#sighted.has(id)) throw new RunnerError('draining', 'Another replica has the session, or is about to.');
    throw new RunnerError('session_unknown', 'There is no session of this id.');
  }

  list(): readonly Session[] {
    return [...this.#byId.values()];
  }

  capacity(): {
    refusal: 'draining' | 'driver_unavailable' | 'capacity_exhausted' | null;
    sessions: number;
    maxSessions: number;
    pools: Record<string, { warm: number; creating: number; waiting: number }>;
    states: Counts;
    serves: readonly string[];
  } {
    const { counts: pools } = this.#pools;
    const { maxSessions } = this.#options;
    const [refusal, states] = [this.#refusal(), this.#census.counts];
    return { refusal, sessions: this.#byId.size, maxSessions, pools, states, serves: [...this.#serves] };
  }

  /** Refuses new sessions from now on. */
  drain(): void {
    this.#accepting = false;
  }

  /** Resolves when no session lives here and none is starting, or when the signal aborts. */
  async emptied(signal: AbortSignal): Promise<void> {
    if (this.#isEmpty || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.#awaitingEmpty.delete(done);
        resolve();
      };
      signal.addEventListener('abort', done);
      this.#awaitingEmpty.add(done);
    });
  }

  /** Tells everybody who is attached that the sessions end in so many seconds. */
  warn(seconds: number): void {
    for (const { terminal } of this.list()) terminal.tell({ type: 'warning', reason: 'draining', seconds });
  }

  /**
   * Ends every session, or lets go of it where its sandbox outlives the runner. One whose id nobody knows yet, since its start
   * is not answered, is ended as well, for nobody would ever come back to it.
   */
  async stop(sandboxesOutliveRunner: boolean): Promise<void> {
    this.drain();
    this.#stopping.abort(new RunnerError('draining', 'The runner is stopping.'));
    const leave = (session: Session): Promise<void> =>
      sandboxesOutliveRunner && !this.#unanswered.has(session) ? this.#release(session) : session.end('stopping');
    await Promise.allSettled([...this.list().map(leave), ...this.#starts]);
  }

  async #release(session: Session): Promise<void> {
    this.#letGo(session);
    await session.release();
  }

  /** It lives at another replica from now on. */
  #letGo(session: Session): void {
    for (const id of [session.id, session.viewId]) this.#released.add(id);
    this.#leave(session);
    this.#tellIfEmpty();
  }

  #leave(session: Session): void {
    if (this.#byId.delete(session.id)) this.#census.leave(session.state);
    this.#byViewId.delete(session.viewId);
    this.#places.get(session.id)?.();
    this.#places.delete(session.id);
  }

  get #isEmpty(): boolean {
    return this.#byId.size === 0 && this.#starting === 0;
  }

  #tellIfEmpty(): void {
    if (this.#isEmpty) for (const tell of this.#awaitingEmpty) tell();
  }

  /** Counts a run in a sandbox of its own for this key, as a session; what it returns is called once at its end. */
  admitRun(key: string): () => void {
    if (!this.#accepting) throw new RunnerError('draining', 'This replica takes no new runs.');
    return this.#keyLimits.admit(key);
  }

  #refusal(): 'draining' | 'driver_unavailable' | 'capacity_exhausted' | null {
    if (!this.#accepting) return 'draining';
    if (!this.#pools.able) return 'driver_unavailable';
    return this.room > this.#starting ? null : 'capacity_exhausted';
  }

  #assertRoom(): void {
    if (this.#byId.size + this.#starting < this.#options.maxSessions) return;
    throw new RunnerError('capacity_exhausted', 'This replica holds as many sessions as it may.', {
      context: { max_sessions: this.#options.maxSessions, retry_after_seconds: 5 },
    });
  }

  /** A start, whose signal aborts as well when this stops; that waits for it. Rejects with `draining` then. */
  async #unlessStopping<T>(signal: AbortSignal, start: (bounded: AbortSignal) => Promise<T>): Promise<T> {
    const stopping = this.#stopping.signal;
    const starting = withAnySignal([signal, stopping], start);
    this.#starts.add(starting);
    try {
      return await starting;
    } catch (error) {
      stopping.throwIfAborted();
      throw error;
    } finally {
      this.#starts.delete(starting);
    }
  }

  /** A sandbox for a session, counted from now on for the key that asks. */
  async #claim(
    language: string,
    { limits, key }: Pick<ForkRequest, 'limits' | 'key'>,
    signal: AbortSignal,
  ): Promise<Claim> {
    const { repl } = this.#pools.language(language);
    if (repl === null) {
      throw new RunnerError('language_unknown', `${language} has no REPL; run it with POST /run.`, {
        context: { language },
      });
    }
    if (!this.#accepting) throw new RunnerError('draining', 'This replica takes no new sessions.');
    this.#assertRoom();
    const leave = key === undefined ? (): void => undefined : this.#keyLimits.admit(key);
    this.#starting += 1;
    let claim: Claim;
    try {
      claim = await this.#pools.claim(language, limits, signal);
    } catch (error) {
      this.#starting -= 1;
      leave();
      this.#tellIfEmpty();
      throw error;
    }
    this.#starting -= 1;
    this.#places.set(claim.warm.sandbox.spec.identity.sessionId, leave);
    return claim;
  }

  async #startClaimed(
    { warm, cold, waitMs }: Claim,
    request: ForkRequest,
    filesOf: () => TarContent | null | Promise<TarContent | null>,
    signal: AbortSignal,
  ): Promise<{ session: Session; unpacked: { files: number; bytes: number } }> {
    const { sandbox, connection, state } = warm;
    const session = this.#create({ sandbox, connection, agent: state, createdAt: new Date(), cold, waitMs });
    this.#register(session);
    this.#unanswered.add(session);
    const since = performance.now();
    let unpacked = { files: 0, bytes: 0 };
    try {
      if (!signal.aborted) unpacked = await session.start(request, filesOf);
    } finally {
      this.#unanswered.delete(session);
    }
    if (signal.aborted) {
      await session.end(this.#stopping.signal.aborted ? 'stopping' : 'deleted');
      throw new RunnerError('internal', 'The client went away.', { cause: signal.reason });
    }
    this.#listener.onStarted(session, { claimMs: waitMs, prepareMs: performance.now() - since });
    return { session, unpacked };
  }

  #create(parts: SessionParts): Session {
    const settings = { ...this.#options.session, replica: this.#options.replica };
    const session: Session = new Session(parts, settings, {
      onState: (from, to) => {
        if (this.#byId.has(session.id)) this.#census.change(from, to);
      },
      onEnded: (reason) => {
        this.#forget(session);
        this.#listener.onEnded(session, reason);
      },
      onEndFailed: (reason, error) => {
        this.#listener.onEndFailed(session, reason, error);
      },
      onExited: (outcome) => {
        this.#listener.onExited(session, outcome);
      },
      onRestarted: () => {
        this.#listener.onRestarted(session);
      },
      onRecovered: (ms) => {
        if (ms === null) this.#letGo(session);
        else this.#recoveredAt = performance.now();
        this.#listener.onRecovered(session, ms);
      },
    });
    return session;
  }

  #register(session: Session): void {
    for (const id of [session.id, session.viewId]) this.#released.delete(id);
    this.#census.enter(session.state);
    this.#byId.set(session.id, session);
    this.#byViewId.set(session.viewId, session);
  }

  #forget(session: Session): void {
    this.#leave(session);
    for (const id of [session.id, session.viewId]) this.#ended.add(id);
    for (const id of this.#ended) {
      if (this.#ended.size <= rememberedIds) break;
      this.#ended.delete(id);
    }
    this.#tellIfEmpty();
  }
}
