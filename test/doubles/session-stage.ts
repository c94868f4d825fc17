/**
 * The real set of sessions over sandboxes that are AgentDoubles, at a clock that tests turn, and everything it told of itself.
 */
import { afterEach, beforeEach, expect, jest } from '@jest/globals';
import type { Pool } from '../../src/pool/pool.js';
import type { EndReason } from '../../src/session/session.js';
import type { Sessions, SessionsOptions } from '../../src/session/sessions.js';
import type { RestartRequest, StartRequest } from '../../src/session/start-request.js';
import { DoubleSessions, type DoubleSession } from './double-sessions.js';
import { useFakeClock } from './fake-clock.js';
import type { FakeWarmSandbox } from './fake-warm-sandbox.js';
import { settled } from './settled.js';

export { never, request } from './double-sessions.js';
export const minute = 60_000;
export const owner = { role: 'owner', controlled: true, resume: null } as const;
export const restart: RestartRequest = { entries: null, startup: null, env: {}, size: null };
export const exit = { event: 'exit', outcome: 'runtime_error', exit_code: 3, signal: null };

export class SessionStage {
  readonly made: FakeWarmSandbox[] = [];
  readonly limits: object[] = [];
  readonly ended: { id: string; reason: EndReason }[] = [];
  readonly endsFailed: { id: string; reason: EndReason; error: unknown }[] = [];
  readonly started: string[] = [];
  readonly exits: { id: string; outcome: string }[] = [];
  readonly restarts: string[] = [];
  readonly recovered: { id: string; taken: boolean }[] = [];
  /** Prepares each sandbox before it is handed out. */
  prepare: (warm: FakeWarmSandbox) => void = () => undefined;
  readonly #doubles: DoubleSessions;

  constructor(options: Partial<SessionsOptions> = {}) {
    this.#doubles = new DoubleSessions(
      { maxSessions: 5, ...options },
      {
        onStarted: ({ id }) => this.started.push(id),
        onEnded: ({ id }, reason) => this.ended.push({ id, reason }),
        onEndFailed: ({ id }, reason, error) => this.endsFailed.push({ id, reason, error }),
        onExited: ({ id }, outcome) => this.exits.push({ id, outcome }),
        onRestarted: ({ id }) => this.restarts.push(id),
        onRecovered: ({ id }, ms) => this.recovered.push({ id, taken: ms === null }),
      },
    );
    this.#doubles.prepare = (warm, limits) => {
      this.made.push(warm);
      this.limits.push(limits);
      this.prepare(warm);
    };
  }

  get sessions(): Sessions {
    return this.#doubles.sessions;
  }

  get pool(): Pool {
    return this.#doubles.pool;
  }

  start(change: Partial<StartRequest> = {}): Promise<DoubleSession> {
    return this.#doubles.start(change);
  }

  /** Lets time pass in steps, so that what each timer starts gets its turn. */
  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= minute / 2) {
      jest.advanceTimersByTime(Math.min(left, minute / 2));
      await settled();
    }
  }
}

/** Gives stages at a fake clock, and looks after each test that nothing of them is left. */
export function useStages(): (options?: Partial<SessionsOptions>) => SessionStage {
  const stages: SessionStage[] = [];
  beforeEach(useFakeClock);
  afterEach(async () => {
    for (const { sessions, pool, made } of stages.splice(0)) {
      await sessions.stop(false);
      await pool.stop();
      expect(sessions.list()).toEqual([]);
      expect(sessions.capacity().states).toEqual({ starting: 0, running: 0, exited: 0, ended: 0 });
      expect(made.every(({ connection }) => connection.closed)).toBe(true);
      expect(made.every(({ destroyed }) => destroyed > 0)).toBe(true);
    }
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });
  return (options = {}) => {
    const stage = new SessionStage(options);
    stages.push(stage);
    return stage;
  };
}
