/** The real set of sessions, with real terminals, over sandboxes that are AgentDoubles. */
import { Egress, type EgressSettings } from '../../src/egress/egress.js';
import { parseEntry } from '../../src/egress/allow-list.js';
import type { EgressFacts } from '../../src/egress/session-egress.js';
import { LanguagePools } from '../../src/pool/language-pools.js';
import { Pool } from '../../src/pool/pool.js';
import { defaultLimits } from '../../src/sandbox/limits.js';
import type { Session } from '../../src/session/session.js';
import { Sessions } from '../../src/session/sessions.js';
import type { StartRequest } from '../../src/session/start-request.js';
import { fakeLanguage, FakeWarmSandbox } from './fake-warm-sandbox.js';

const language = { ...fakeLanguage, run: { file: 'main.py', build: ['true'], argv: ['python3', '{file}'] } };
const rules = { idleMs: 1_800_000, detachGraceMs: 900_000, maxLifetimeMs: 28_800_000 };
const request: StartRequest = {
  ...{ language: 'python', entries: [], startup: null, env: {}, limits: {} },
  size: { cols: 80, rows: 24 },
};
const never = new AbortController().signal;

export interface DoubleSession {
  readonly session: Session;
  readonly warm: FakeWarmSandbox;
}

export class DoubleSessions {
  readonly sessions: Sessions;
  /** What became of connections to the way out. */
  readonly facts: EgressFacts[] = [];
  /** Connections outwards that are open. */
  outwards = 0;
  /** Prepares the next sandbox. */
  prepare: (warm: FakeWarmSandbox) => unknown = () => undefined;
  #made = 0;
  #last: FakeWarmSandbox | null = null;
  readonly #pool: Pool;

  constructor(
    egress: Partial<EgressSettings> = {},
    resolve: () => Promise<readonly string[]> = () => Promise.resolve([]),
  ) {
    const entries = ['index:80/http@127.0.0.0/8', 'pypi.example:443'].map(parseEntry).filter((entry) => entry !== null);
    const bounds = { maxConnections: 16, maxBytes: 2 ** 40, pipIndex: null, key: null };
    const wayOut = new Egress(
      { entries, ...bounds, ...egress },
      {
        resolve,
        listener: {
          onEnded: (facts) => this.facts.push(facts),
          onConnections: (change) => (this.outwards += change),
          onBytes: () => undefined,
        },
      },
    );
    this.#pool = this.#createPool();
    const nobody = (): void => undefined;
    this.sessions = new Sessions(
      new LanguagePools([{ language, pool: this.#pool }], defaultLimits),
      { replica: 'a', maxSessions: 100, session: { rules, resumeGraceMs: 60_000, egress: wayOut } },
      {
        onStarted: nobody,
        onEnded: nobody,
        onEndFailed: nobody,
        onExited: nobody,
        onRestarted: nobody,
        onRecovered: nobody,
      },
    );
  }

  async start(change: Partial<StartRequest> = {}): Promise<DoubleSession> {
    const session = await this.sessions.start({ ...request, ...change }, never);
    if (this.#last === null) throw new Error('no sandbox was made');
    return { session, warm: this.#last };
  }

  async stop(): Promise<void> {
    await this.sessions.stop(false);
    await this.#pool.stop();
  }

  #createPool(): Pool {
    return new Pool(
      {
        ...{ language, bounds: { min: 0, max: 0 }, concurrency: 10 },
        ...{ admissionWaitMs: 1_000, maxWaiting: 10, refillDelayMs: 0, retryDelayMs: 1_000 },
      },
      {
        make: () => {
          this.#made += 1;
          const warm = new FakeWarmSandbox(this.#made);
          this.#last = warm;
          this.prepare(warm);
          return Promise.resolve(warm);
        },
        room: () => 100,
        onMade: () => undefined,
        onMakeFailed: () => undefined,
      },
    );
  }
}
