/**
 * The set of sessions of this replica: starts them from the pools, finds them by either of their ids, remembers which ones
 * have ended, and stops them all. Languages and drivers are given to it; it makes no websocket and no HTTP answer.
 */
import { RunnerError } from '../errors.js';
import type { Language } from '../language/language.js';
import type { Claim, Pool } from '../pool/pool.js';
import type { Limits } from '../sandbox/limits.js';
import { Session, type EndReason, type SessionParts, type SessionSettings } from './session.js';
import type { StartRequest } from './start-request.js';

/** Ended ids that are still answered with 410 instead of 404. */
const rememberedIds = 10_000;

export interface LanguagePool {
  readonly language: Language;
  readonly pool: Pool;
}

export interface SessionsOptions {
  readonly replica: string;
  readonly maxSessions: number;
  readonly defaultLimits: Limits;
  readonly session: SessionSettings;
}

/** What others are told of sessions: logs and metrics. */
export interface SessionsListener {
  onStarted(session: Session, times: { claimMs: number; prepareMs: number }): void;
  onEnded(session: Session, reason: EndReason): void;
  /** A session that ended by itself has left its sandbox behind; that one's agent ends it once nobody speaks to it. */
  onEndFailed(session: Session, reason: EndReason, error: unknown): void;
}

export class Sessions {
  readonly #pools: ReadonlyMap<string, LanguagePool>;
  readonly #options: SessionsOptions;
  readonly #listener: SessionsListener;
  readonly #byId = new Map<string, Session>();
  readonly #byViewId = new Map<string, Session>();
  readonly #ended = new Set<string>();
  readonly #serves = new Set<string>();
  #starting = 0;
  #accepting = true;

  constructor(pools: readonly LanguagePool[], options: SessionsOptions, listener: SessionsListener) {
    this.#pools = new Map(pools.map((entry) => [entry.language.name, entry]));
    this.#options = options;
    this.#listener = listener;
    this.#serves.add(options.replica);
  }

  /** How many more sessions the replica may take, not counting those that are starting. */
  get room(): number {
    return this.#options.maxSessions - this.#byId.size;
  }

  /**
   * Starts a session. Rejects with RunnerError `language_unknown`, `capacity_exhausted`, `draining`, or what made the
   * start fail; nothing is left behind then, nor when the signal aborts.
   */
  async start(request: StartRequest, signal: AbortSignal): Promise<Session> {
    const entry = this.#pools.get(request.language);
    if (entry === undefined) {
      const known = [...this.#pools.keys()];
      throw new RunnerError(
        'language_unknown',
        `There is no language ${request.language}; there is ${known.join(', ')}.`,
        {
          context: { language: request.language.slice(0, 100), known },
        },
      );
    }
    if (!this.#accepting) throw new RunnerError('draining', 'This replica takes no new sessions.');
    if (this.#byId.size + this.#starting >= this.#options.maxSessions) {
      throw new RunnerError('capacity_exhausted', 'This replica holds as many sessions as it may.', {
        context: { max_sessions: this.#options.maxSessions, retry_after_seconds: 5 },
      });
    }
    this.#starting += 1;
    let claim: Claim;
    try {
      claim = await this.#claim(entry, request.limits, signal);
    } finally {
      this.#starting -= 1;
    }
    return await this.#startClaimed(claim, request, signal);
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
    }
    this.#register(session);
    this.#serves.add(parts.sandbox.spec.identity.replica);
    return session;
  }

  /** Whether a session of this id lives here. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** By the owner's id or by the view id. Throws `session_unknown`, or `session_ended` while that is remembered. */
  find(id: string): { session: Session; role: 'owner' | 'viewer' } {
    const owned = this.#byId.get(id);
    if (owned !== undefined) return { session: owned, role: 'owner' };
    const viewed = this.#byViewId.get(id);
    if (viewed !== undefined) return { session: viewed, role: 'viewer' };
    if (this.#ended.has(id)) throw new RunnerError('session_ended', 'The session has ended.');
    throw new RunnerError('session_unknown', 'There is no session of this id.');
  }

  list(): readonly Session[] {
    return [...this.#byId.values()];
  }

  capacity(): {
    ready: boolean;
    sessions: number;
    maxSessions: number;
    pools: Record<string, { warm: number; creating: number; waiting: number }>;
    serves: readonly string[];
  } {
    const pools = Object.fromEntries([...this.#pools].map(([name, { pool }]) => [name, pool.counts]));
    const able = [...this.#pools.values()].some(({ pool }) => pool.able);
    const ready = this.#accepting && able && this.room > this.#starting;
    const { maxSessions } = this.#options;
    return { ready, sessions: this.#byId.size, maxSessions, pools, serves: [...this.#serves] };
  }

  /** Refuses new sessions from now on. */
  drain(): void {
    this.#accepting = false;
  }

  /** Ends every session, or lets go of it where its sandbox outlives the runner. */
  async stop(sandboxesOutliveRunner: boolean): Promise<void> {
    this.drain();
    const sessions = this.list();
    await Promise.allSettled(
      sessions.map((session) => (sandboxesOutliveRunner ? session.release() : session.end('stopping'))),
    );
  }

  async #claim(entry: LanguagePool, limits: Partial<Limits>, signal: AbortSignal): Promise<Claim> {
    const defaults: Readonly<Record<string, number>> = { ...this.#options.defaultLimits };
    const own = Object.entries(limits).some(([name, value]) => defaults[name] !== value);
    return own ? await entry.pool.claimCold(limits, signal) : await entry.pool.claim(signal);
  }

  async #startClaimed({ warm, cold, waitMs }: Claim, request: StartRequest, signal: AbortSignal): Promise<Session> {
    const { sandbox, connection, state } = warm;
    const session = this.#create({ sandbox, connection, agent: state, createdAt: new Date(), cold, waitMs });
    this.#register(session);
    const since = performance.now();
    if (!signal.aborted) await session.start(request);
    if (signal.aborted) {
      await session.end('deleted');
      throw new RunnerError('internal', 'The client went away.', { cause: signal.reason });
    }
    this.#listener.onStarted(session, { claimMs: waitMs, prepareMs: performance.now() - since });
    return session;
  }

  #create(parts: SessionParts): Session {
    const session: Session = new Session(parts, this.#options.session, {
      onEnded: (reason) => {
        this.#forget(session);
        this.#listener.onEnded(session, reason);
      },
      onEndFailed: (reason, error) => {
        this.#listener.onEndFailed(session, reason, error);
      },
    });
    return session;
  }

  #register(session: Session): void {
    this.#byId.set(session.id, session);
    this.#byViewId.set(session.viewId, session);
  }

  #forget(session: Session): void {
    this.#byId.delete(session.id);
    this.#byViewId.delete(session.viewId);
    for (const id of [session.id, session.viewId]) this.#ended.add(id);
    for (const id of this.#ended) {
      if (this.#ended.size <= rememberedIds) break;
      this.#ended.delete(id);
    }
  }
}
