import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { encodeFrame, frameTypes } from '../../../src/agent/frame.js';
import { RunnerError } from '../../../src/errors.js';
import { Pool } from '../../../src/pool/pool.js';
import { defaultLimits } from '../../../src/sandbox/limits.js';
import type { EndReason, Session } from '../../../src/session/session.js';
import { Sessions, type SessionsOptions } from '../../../src/session/sessions.js';
import type { RestartRequest, StartRequest } from '../../../src/session/start-request.js';
import { waitingState } from '../../doubles/agent-double.js';
import { useFakeClock } from '../../doubles/fake-clock.js';
import { FakeSocket } from '../../doubles/fake-socket.js';
import { fakeLanguage, FakeWarmSandbox } from '../../doubles/fake-warm-sandbox.js';
import { settled } from '../../doubles/settled.js';

const minute = 60_000;
const never = new AbortController().signal;
const owner = { role: 'owner', controlled: true, resume: null } as const;
const request: StartRequest = {
  language: 'python',
  entries: [],
  startup: null,
  env: {},
  size: { cols: 100, rows: 30 },
  limits: {},
};
const restart: RestartRequest = { entries: null, startup: null, env: {}, size: null };
const exit = { event: 'exit', outcome: 'runtime_error', exit_code: 3, signal: null };

class Stage {
  readonly made: FakeWarmSandbox[] = [];
  readonly limits: object[] = [];
  readonly ended: { id: string; reason: EndReason }[] = [];
  readonly endsFailed: { id: string; reason: EndReason; error: unknown }[] = [];
  readonly started: string[] = [];
  /** Prepares each sandbox before it is handed out. */
  prepare: (warm: FakeWarmSandbox) => void = () => undefined;
  readonly sessions: Sessions;
  readonly pool: Pool;

  constructor(options: Partial<SessionsOptions> = {}) {
    this.pool = new Pool(
      {
        language: fakeLanguage,
        bounds: { min: 0, max: 0 },
        concurrency: 10,
        admissionWaitMs: 1_000,
        maxWaiting: 10,
        refillDelayMs: 0,
        retryDelayMs: 1_000,
      },
      {
        make: (_language, limits) => {
          const warm = new FakeWarmSandbox(this.made.length + 1);
          this.made.push(warm);
          this.limits.push(limits);
          this.prepare(warm);
          return Promise.resolve(warm);
        },
        room: () => 100,
        onMade: () => undefined,
        onMakeFailed: () => undefined,
      },
    );
    const rules = { idleMs: 30 * minute, detachGraceMs: 15 * minute, maxLifetimeMs: 8 * 60 * minute };
    this.sessions = new Sessions(
      [{ language: fakeLanguage, pool: this.pool }],
      {
        replica: 'a',
        maxSessions: 5,
        defaultLimits,
        session: { rules, resumeGraceMs: minute },
        ...options,
      },
      {
        onStarted: ({ id }) => this.started.push(id),
        onEnded: ({ id }, reason) => this.ended.push({ id, reason }),
        onEndFailed: ({ id }, reason, error) => this.endsFailed.push({ id, reason, error }),
      },
    );
  }

  async start(change: Partial<StartRequest> = {}): Promise<{ session: Session; warm: FakeWarmSandbox }> {
    const session = await this.sessions.start({ ...request, ...change }, never);
    const warm = this.made.at(-1);
    if (warm === undefined) throw new Error('no sandbox was made');
    return { session, warm };
  }

  /** Lets time pass in steps, so that what each timer starts gets its turn. */
  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= minute / 2) {
      jest.advanceTimersByTime(Math.min(left, minute / 2));
      await settled();
    }
  }
}

describe('Sessions', () => {
  const stages: Stage[] = [];
  const staged = (options: Partial<SessionsOptions> = {}): Stage => {
    const stage = new Stage(options);
    stages.push(stage);
    return stage;
  };

  beforeEach(useFakeClock);
  afterEach(async () => {
    for (const { sessions, pool, made } of stages.splice(0)) {
      await sessions.stop(false);
      await pool.stop();
      expect(sessions.list()).toEqual([]);
      expect(made.every(({ connection }) => connection.closed)).toBe(true);
      expect(made.every(({ destroyed }) => destroyed > 0)).toBe(true);
    }
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  describe('start', () => {
    it('hands the request to the agent and gives a running session of the sandbox’s id', async () => {
      const stage = staged();
      const content = Buffer.from('x');
      const entries = [{ type: 'file', path: 'a', executable: false, content }] as const;
      const { session, warm } = await stage.start({ entries, startup: 'x = 1', env: { A: 'b' } });
      expect(session).toMatchObject({ id: warm.sandbox.spec.identity.sessionId, state: 'running', exit: null });
      expect(warm.agent.requests).toMatchObject([
        { op: 'start', cols: 100, rows: 30, env: { A: 'b' }, startup: 'x = 1' },
      ]);
      expect(warm.agent.payloads(frameTypes.data).length).toBeGreaterThan(0);
      expect(stage.started).toEqual([session.id]);
    });

    it('lets no output come before the start is asked for, which may begin with another interpreter', async () => {
      const { warm } = await staged().start();
      const types = warm.agent.frames.map(({ type }) => type);
      expect(types.indexOf(frameTypes.flow)).toBeGreaterThan(types.indexOf(frameTypes.request));
    });

    it('takes limits of its own past the pool, and those that are the default from it', async () => {
      const stage = staged();
      await stage.start({ limits: { cpus: 2 } });
      await stage.start({ limits: { cpus: defaultLimits.cpus } });
      expect(stage.limits).toEqual([{ cpus: 2 }, {}]);
    });

    it('refuses a language that is not there', async () => {
      const stage = staged();
      const refused = stage.sessions.start({ ...request, language: 'cobol' }, never);
      await expect(refused).rejects.toMatchObject({ code: 'language_unknown', context: { known: ['python'] } });
    });

    it('refuses more sessions than it may hold', async () => {
      const stage = staged({ maxSessions: 2 });
      await stage.start();
      const { session } = await stage.start();
      await expect(stage.start()).rejects.toMatchObject({ code: 'capacity_exhausted' });
      expect(stage.sessions.capacity()).toMatchObject({ ready: false, sessions: 2, maxSessions: 2, serves: ['a'] });
      await session.end('deleted');
      await stage.start();
    });

    it('counts each session that is starting once', async () => {
      const stage = staged({ maxSessions: 2 });
      stage.prepare = ({ agent }) => {
        agent.answers.start = () => null;
      };
      const first = stage.sessions.start(request, never);
      await settled();
      const second = stage.sessions.start(request, never);
      await settled();
      expect(stage.sessions.capacity()).toMatchObject({ sessions: 2, ready: false });
      for (const { agent } of stage.made) {
        agent.sendJson(frameTypes.response, { id: agent.requests[0]?.id, files: 0, bytes: 0 });
      }
      await Promise.all([first, second]);
    });

    it('refuses while it drains', async () => {
      const stage = staged();
      stage.sessions.drain();
      await expect(stage.start()).rejects.toMatchObject({ code: 'draining' });
      expect(stage.sessions.capacity().ready).toBe(false);
    });

    it.each([
      ['archive_invalid', 'archive_invalid'],
      ['disk_full', 'disk_full'],
      ['start_failed', 'sandbox_failed'],
    ])('leaves nothing when the agent refuses with %s', async (refusal, code) => {
      const stage = staged();
      stage.prepare = ({ agent }) => {
        agent.answers.start = () => ({ error: { code: refusal, message: 'no' } });
      };
      await expect(stage.start()).rejects.toMatchObject({ code });
      expect(stage.sessions.list()).toEqual([]);
      expect(stage.made[0]?.destroyed).toBe(1);
      expect(stage.started).toEqual([]);
    });

    it('leaves nothing when the client goes away in the middle', async () => {
      const stage = staged();
      const abort = new AbortController();
      stage.prepare = ({ agent }) => {
        agent.answers.start = () => {
          abort.abort();
          return { files: 0, bytes: 0 };
        };
      };
      await expect(stage.sessions.start(request, abort.signal)).rejects.toBeInstanceOf(RunnerError);
      expect(stage.sessions.list()).toEqual([]);
      expect(stage.made[0]?.destroyed).toBe(1);
    });

    it('leaves nothing when the sandbox is lost in the middle', async () => {
      const stage = staged();
      stage.prepare = (warm) => {
        warm.agent.answers.start = () => {
          warm.end('lost');
          return null;
        };
      };
      await expect(stage.start()).rejects.toMatchObject({ code: 'sandbox_failed' });
      expect(stage.sessions.list()).toEqual([]);
    });

    it('knows of a REPL that ended before its start was answered', async () => {
      const stage = staged();
      stage.prepare = ({ agent }) => {
        agent.answers.start = () => {
          agent.sendJson(frameTypes.event, { ...exit, offset: 0 });
          return { files: 0, bytes: 0 };
        };
      };
      const { session } = await stage.start();
      expect(session).toMatchObject({ state: 'exited', exit: { outcome: 'runtime_error', exitCode: 3, signal: null } });
    });
  });

  describe('find', () => {
    it('knows the owner’s id and the view id', async () => {
      const stage = staged();
      const { session } = await stage.start();
      expect(stage.sessions.find(session.id)).toEqual({ session, role: 'owner' });
      expect(stage.sessions.find(session.viewId)).toEqual({ session, role: 'viewer' });
      expect(stage.sessions.has(session.id)).toBe(true);
    });

    it('remembers both ids of an ended session, and no other', async () => {
      const stage = staged();
      const { session } = await stage.start();
      await session.end('deleted');
      for (const id of [session.id, session.viewId]) {
        expect(() => stage.sessions.find(id)).toThrow(expect.objectContaining({ code: 'session_ended' }));
      }
      expect(() => stage.sessions.find('a.else')).toThrow(expect.objectContaining({ code: 'session_unknown' }));
    });

    it('remembers a bounded number of them', async () => {
      const stage = staged();
      const first = await stage.start();
      await first.session.end('deleted');
      for (let count = 0; count < 5_000; count += 1) {
        const { sandbox, connection } = new FakeWarmSandbox(count + 10);
        const agent = { ...waitingState, state: 'running' } as const;
        const parts = { sandbox, connection, agent, createdAt: new Date(), cold: false, waitMs: 0 };
        const session = await stage.sessions.adopt(parts);
        await session.end('deleted');
      }
      const last = stage.ended.at(-1)?.id ?? '';
      expect(() => stage.sessions.find(last)).toThrow(expect.objectContaining({ code: 'session_ended' }));
      const forgotten = expect.objectContaining({ code: 'session_unknown' });
      expect(() => stage.sessions.find(first.session.id)).toThrow(forgotten);
    });
  });

  describe('adopt', () => {
    const agent = { ...waitingState, state: 'running', start: 5, end: 9, acknowledged: 7 } as const;

    function adopting(): { stage: ReturnType<typeof staged>; warm: FakeWarmSandbox; adopted: Promise<Session> } {
      const stage = staged({ replica: 'b' });
      const warm = new FakeWarmSandbox(1);
      stage.made.push(warm);
      const { sandbox, connection } = warm;
      const parts = { sandbox, connection, agent, createdAt: new Date(), cold: false, waitMs: 0 };
      return { stage, warm, adopted: stage.sessions.adopt(parts) };
    }

    it('takes up a session and serves the name that it was made under, once what it had printed is here', async () => {
      const { stage, warm, adopted } = adopting();
      await settled();
      expect(stage.sessions.list()).toEqual([]);
      expect(stage.sessions.capacity().serves).toEqual(['b']);
      warm.agent.output(5, Buffer.from('last'));
      const session = await adopted;
      expect(session.state).toBe('running');
      expect(session.terminal.log).toMatchObject({ start: 5, end: 9 });
      expect(stage.sessions.find(session.id).session).toBe(session);
      expect(stage.sessions.capacity().serves).toEqual(['b', 'a']);
    });

    it('takes up none whose agent goes away before', async () => {
      const { stage, warm, adopted } = adopting();
      warm.agent.die();
      await expect(adopted).rejects.toMatchObject({ code: 'sandbox_failed' });
      expect(stage.sessions.list()).toEqual([]);
    });

    it('takes up none whose agent does not send what it has kept', async () => {
      const { stage, adopted } = adopting();
      const refused = expect(adopted).rejects.toMatchObject({ code: 'sandbox_failed' });
      await jest.advanceTimersByTimeAsync(5_000);
      await refused;
      expect(stage.sessions.list()).toEqual([]);
    });
  });

  describe('a session', () => {
    it('ends once, however often it is told to', async () => {
      const stage = staged();
      const { session, warm } = await stage.start();
      const socket = new FakeSocket();
      session.terminal.attach(socket, owner);
      await Promise.all([session.end('deleted'), session.end('idle'), session.end('deleted')]);
      await settled();
      expect(stage.ended).toEqual([{ id: session.id, reason: 'deleted' }]);
      expect(warm.destroyed).toBe(1);
      expect(socket.closed).toEqual([{ reason: 'deleted', details: { reason: 'deleted' } }]);
      expect(session.state).toBe('ended');
    });

    it.each<[string, (warm: FakeWarmSandbox) => void]>([
      [
        'its sandbox',
        (warm) => {
          warm.end('out of memory');
        },
      ],
      [
        'its stream',
        ({ agent }) => {
          agent.die();
        },
      ],
      [
        'its agent to nonsense',
        ({ agent }) => {
          agent.sendRaw(Buffer.from('nonsense, not a frame'));
        },
      ],
      [
        'its agent to offsets that go backwards',
        ({ agent }) => {
          agent.output(5, Buffer.from('x'));
          agent.output(0, Buffer.from('x'));
        },
      ],
    ])('is ended by the loss of %s, and its sockets are told', async (_name, lose) => {
      const stage = staged();
      const { session, warm } = await stage.start();
      const socket = new FakeSocket();
      session.terminal.attach(socket, owner);
      lose(warm);
      await settled();
      expect(stage.ended).toEqual([{ id: session.id, reason: 'sandbox_lost' }]);
      expect(socket.closed).toEqual([{ reason: 'sandbox_lost', details: { reason: 'sandbox_lost' } }]);
      expect(warm.destroyed).toBe(1);
    });

    it('is forgotten even where its sandbox cannot be removed, which is told', async () => {
      const stage = staged();
      const { session, warm } = await stage.start();
      const error = new Error('the daemon is gone');
      warm.destroyError = error;
      warm.agent.die();
      warm.end('lost');
      await settled();
      expect(stage.ended).toEqual([{ id: session.id, reason: 'sandbox_lost' }]);
      expect(stage.endsFailed).toEqual([{ id: session.id, reason: 'sandbox_lost', error }]);
      expect(stage.sessions.list()).toEqual([]);
    });

    it('tells whoever ended it, and nobody else, that its sandbox cannot be removed', async () => {
      const stage = staged();
      const { session, warm } = await stage.start();
      warm.destroyError = new Error('the daemon is gone');
      await expect(session.end('deleted')).rejects.toThrow('the daemon is gone');
      warm.end('lost');
      await settled();
      expect(stage.endsFailed).toEqual([]);
    });

    it('refuses what its state does not allow', async () => {
      const { session } = await staged().start();
      await session.end('deleted');
      await expect(session.restart(restart, never)).rejects.toMatchObject({ code: 'session_ended' });
      await expect(session.resize({ cols: 1, rows: 1 })).rejects.toMatchObject({ code: 'session_ended' });
      await expect(session.signal('SIGINT')).rejects.toMatchObject({ code: 'session_ended' });
    });

    it('goes on after its REPL ended, and runs again after a restart', async () => {
      const { session, warm } = await staged().start();
      warm.agent.sendJson(frameTypes.event, { ...exit, offset: 0 });
      await settled();
      expect(session).toMatchObject({ state: 'exited', exit: { exitCode: 3 } });
      await expect(session.signal('SIGINT')).rejects.toMatchObject({ code: 'session_state' });
      await session.restart(restart, never);
      expect(session).toMatchObject({ state: 'running', exit: null });
    });

    it('knows of a restarted REPL that ended in the same breath', async () => {
      const { session, warm } = await staged().start();
      warm.agent.answers.restart = ({ id }) => {
        const answer = encodeFrame(frameTypes.response, Buffer.from(JSON.stringify({ id, offset: 10 })));
        const event = encodeFrame(frameTypes.event, Buffer.from(JSON.stringify({ ...exit, offset: 30 })));
        warm.agent.sendRaw(Buffer.concat([answer, event]));
        return null;
      };
      await session.restart(restart, never);
      expect(session).toMatchObject({ state: 'exited', exit: { exitCode: 3 } });
    });

    it('does not take the end of the old REPL for that of the restarted one', async () => {
      const { session, warm } = await staged().start();
      warm.agent.answers.restart = () => {
        warm.agent.sendJson(frameTypes.event, { ...exit, offset: 10 });
        return { offset: 10 };
      };
      await session.restart(restart, never);
      expect(session).toMatchObject({ state: 'running', exit: null });
    });

    it('says in the API’s words why it cannot do something', async () => {
      const { session, warm } = await staged().start();
      warm.agent.answers.signal = () => ({ error: { code: 'state', message: 'nobody' } });
      await expect(session.signal('SIGINT')).rejects.toMatchObject({ code: 'session_state' });
    });

    it('is let go of without harm to its sandbox when that outlives the runner', async () => {
      const stage = staged();
      const { session, warm } = await stage.start();
      const socket = new FakeSocket();
      session.terminal.attach(socket, owner);
      await stage.sessions.stop(true);
      await settled();
      expect(warm.agent.payloads(frameTypes.release)).toHaveLength(1);
      expect([warm.destroyed, stage.ended.length, socket.closed[0]?.reason]).toEqual([0, 0, 'draining']);
      stages.splice(0);
      await stage.pool.stop();
    });
  });

  describe('the end by itself', () => {
    it('comes after idle time, with a warning a minute before', async () => {
      const stage = staged();
      const { session } = await stage.start();
      const socket = new FakeSocket();
      session.terminal.attach(socket, owner);
      await stage.pass(28 * minute);
      expect(socket.types()).not.toContain('warning');
      await stage.pass(1.5 * minute);
      expect(socket.told.at(-1)).toEqual({ type: 'warning', reason: 'idle', seconds: 60 });
      await stage.pass(minute);
      expect(stage.ended).toEqual([{ id: session.id, reason: 'idle' }]);
      expect(socket.closed).toEqual([{ reason: 'expired', details: { reason: 'idle' } }]);
      expect(socket.types().filter((type) => type === 'warning')).toHaveLength(1);
    });

    it.each<[string, (session: Session, warm: FakeWarmSandbox) => void]>([
      [
        'a keystroke',
        (session) => {
          session.terminal.input(Buffer.from('x'));
        },
      ],
      [
        'output',
        (_session, { agent }) => {
          agent.output(0, Buffer.from('x'));
        },
      ],
      [
        'a call',
        (session) => {
          session.touch();
        },
      ],
    ])('is put off by %s', async (_name, act) => {
      const stage = staged();
      const { session, warm } = await stage.start();
      await stage.pass(29.5 * minute);
      act(session, warm);
      await stage.pass(29 * minute);
      expect(stage.ended).toEqual([]);
      await stage.pass(2 * minute);
      expect(stage.ended).toHaveLength(1);
    });

    it('is put off by CPU use, and not by next to none', async () => {
      const stage = staged();
      const { session, warm } = await stage.start();
      const usage = warm.agent.answers.usage;
      let nanos = 0;
      warm.agent.answers.usage = (asked) => ({ ...usage?.(asked), cpu_nanos: (nanos += 20e9) });
      await stage.pass(100 * minute);
      expect(session.state).toBe('running');
      warm.agent.answers.usage = (asked) => ({ ...usage?.(asked), cpu_nanos: (nanos += 1e9) });
      await stage.pass(31 * minute);
      expect(stage.ended).toEqual([{ id: session.id, reason: 'idle' }]);
    });

    it('comes when the owner stays away, though the program goes on', async () => {
      const stage = staged();
      const { session, warm } = await stage.start();
      session.terminal.detach(session.terminal.attach(new FakeSocket(), owner));
      for (let count = 0; count < 15; count += 1) {
        warm.agent.output(count, Buffer.from('x'));
        await stage.pass(minute);
      }
      expect(stage.ended).toEqual([{ id: session.id, reason: 'detach_grace' }]);
    });

    it('does not come while the owner is back', async () => {
      const stage = staged();
      const { session } = await stage.start();
      session.terminal.detach(session.terminal.attach(new FakeSocket(), owner));
      await stage.pass(14 * minute);
      session.terminal.attach(new FakeSocket(), owner);
      await stage.pass(10 * minute);
      expect(stage.ended).toEqual([]);
    });

    it('comes at the end of the longest life, however active', async () => {
      const stage = staged();
      const { session } = await stage.start();
      for (let count = 0; count < 8 * 6; count += 1) {
        session.touch();
        await stage.pass(10 * minute);
      }
      expect(stage.ended).toEqual([{ id: session.id, reason: 'max_lifetime' }]);
    });

    it('is announced by expiresAt', async () => {
      const { session } = await staged().start();
      expect(session.expiresAt.getTime()).toBe(Date.now() + 30 * minute);
    });
  });
});
