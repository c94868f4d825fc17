/** The real set of sessions, with real terminals, over sandboxes that are AgentDoubles. */
import type { Language } from '../../src/language/language.js';
import { LanguagePools } from '../../src/pool/language-pools.js';
import { Pool } from '../../src/pool/pool.js';
import { defaultLimits, type Limits } from '../../src/sandbox/limits.js';
import type { Session } from '../../src/session/session.js';
import { Sessions, type SessionsListener, type SessionsOptions } from '../../src/session/sessions.js';
import type { StartRequest } from '../../src/session/start-request.js';
import { fakeLanguage, FakeWarmSandbox } from './fake-warm-sandbox.js';

const minute = 60_000;
export const never = new AbortController().signal;
export const settings = {
  rules: { idleMs: 30 * minute, detachGraceMs: 15 * minute, maxLifetimeMs: 8 * 60 * minute },
  resumeGraceMs: minute,
};
export const request: StartRequest = {
  language: 'python',
  entries: [],
  startup: null,
  env: {},
  size: { cols: 100, rows: 30 },
  limits: {},
};
export const deaf: SessionsListener = {
  onStarted: () => undefined,
  onEnded: () => undefined,
  onEndFailed: () => undefined,
  onExited: () => undefined,
  onRestarted: () => undefined,
  onRecovered: () => undefined,
};

export interface DoubleSession {
  readonly session: Session;
  readonly warm: FakeWarmSandbox;
}

export class DoubleSessions {
  readonly sessions: Sessions;
  readonly pool: Pool;
  /** Prepares each sandbox before it is handed out. */
  prepare: (warm: FakeWarmSandbox, limits: Partial<Limits>) => unknown = () => undefined;
  #made = 0;
  #last: FakeWarmSandbox | null = null;

  constructor(
    options: Partial<SessionsOptions> = {},
    listener: Partial<SessionsListener> = {},
    language: Language = fakeLanguage,
  ) {
    this.pool = new Pool(
      {
        language,
        bounds: { min: 0, max: 0 },
        concurrency: 10,
        admissionWaitMs: 1_000,
        maxWaiting: 10,
        refillDelayMs: 0,
        retryDelayMs: 1_000,
        maxAgeMs: 60 * minute,
      },
      {
        make: (_language, limits) => {
          this.#made += 1;
          this.#last = new FakeWarmSandbox(this.#made);
          this.prepare(this.#last, limits);
          return Promise.resolve(this.#last);
        },
        room: () => 100,
        onMade: () => undefined,
        onMakeFailed: () => undefined,
      },
    );
    this.sessions = new Sessions(
      new LanguagePools([{ language, pool: this.pool }], defaultLimits),
      { replica: 'a', maxSessions: 100, session: settings, ...options },
      { ...deaf, ...listener },
    );
  }

  async start(change: Partial<StartRequest> = {}): Promise<DoubleSession> {
    const session = await this.sessions.start({ ...request, ...change }, never);
    if (this.#last === null) throw new Error('no sandbox was made');
    return { session, warm: this.#last };
  }

  async stop(): Promise<void> {
    await this.sessions.stop(false);
    await this.pool.stop();
  }
}
