import { describe, expect, it, jest } from '@jest/globals';
import { frameTypes } from '../../../src/agent/frame.js';
import { RunnerError } from '../../../src/errors.js';
import { defaultLimits } from '../../../src/sandbox/limits.js';
import { Session } from '../../../src/session/session.js';
import { noKeyLimits } from '../../../src/session/key-limits.js';
import { waitingState } from '../../doubles/agent-double.js';
import { FakeSocket } from '../../doubles/fake-socket.js';
import { FakeWarmSandbox } from '../../doubles/fake-warm-sandbox.js';
import { settled } from '../../doubles/settled.js';
import { exit, never, owner, request, useStages } from '../../doubles/session-stage.js';

describe('Sessions', () => {
  const staged = useStages();

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

    it('counts sessions by state as these change', async () => {
      const stage = staged();
      const counted = (): unknown => {
        const { starting, running, exited } = stage.sessions.capacity().states;
        return [starting, running, exited];
      };
      const { session, warm } = await stage.start();
      await stage.start();
      const looked = jest.spyOn(Session.prototype, 'state', 'get');
      expect(counted()).toEqual([0, 2, 0]);
      expect(looked).not.toHaveBeenCalled();
      looked.mockRestore();
      warm.agent.sendJson(frameTypes.event, { event: 'exit', offset: 0, outcome: 'ok', exit_code: 0, signal: null });
      await settled();
      expect(counted()).toEqual([0, 1, 1]);
      await session.restart({ entries: null, startup: null, env: {}, size: null }, never);
      expect(counted()).toEqual([0, 2, 0]);
      await session.end('deleted');
      expect(counted()).toEqual([0, 1, 0]);
      stage.prepare = ({ agent }) => (agent.answers.start = () => null);
      const starting = stage.start();
      await settled();
      expect(counted()).toEqual([1, 1, 0]);
      stage.made.at(-1)?.end('it broke');
      await expect(starting).rejects.toThrow();
      expect(counted()).toEqual([0, 1, 0]);
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
      expect(stage.sessions.capacity()).toMatchObject({
        refusal: 'capacity_exhausted',
        sessions: 2,
        maxSessions: 2,
        serves: ['a'],
      });
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
      expect(stage.sessions.capacity()).toMatchObject({ sessions: 2, refusal: 'capacity_exhausted' });
      for (const { agent } of stage.made) {
        agent.sendJson(frameTypes.response, { id: agent.requests[0]?.id, files: 0, bytes: 0 });
      }
      await Promise.all([first, second]);
    });

    it('holds no more sessions of one API key than that may have, and takes another when one ends', async () => {
      const stage = staged({ keyLimits: { ...noKeyLimits, maxSessions: 2 } });
      const { session } = await stage.start({ key: 'web' });
      await stage.start({ key: 'web' });
      const refused = { code: 'too_many_sessions', context: { scope: 'key', max_sessions: 2 } };
      await expect(stage.start({ key: 'web' })).rejects.toMatchObject(refused);
      await stage.start({ key: 'other' });
      await session.end('deleted');
      await stage.start({ key: 'web' });
      await expect(stage.start({ key: 'web' })).rejects.toMatchObject(refused);
    });

    it('does not count a start that has failed for its API key', async () => {
      const stage = staged({ keyLimits: { ...noKeyLimits, maxSessions: 1 } });
      stage.prepare = ({ agent }) => {
        agent.answers.start = () => ({ error: { code: 'disk_full', message: 'no' } });
      };
      await expect(stage.start({ key: 'web' })).rejects.toMatchObject({ code: 'disk_full' });
      const gone = AbortSignal.abort(new Error('gone'));
      await expect(stage.sessions.start({ ...request, key: 'web' }, gone)).rejects.toThrow();
      stage.prepare = () => undefined;
      await stage.start({ key: 'web' });
    });

    it('starts sessions of one API key no faster than it may, and says when the next one may be', async () => {
      const stage = staged({ keyLimits: { maxSessions: null, startsPerSecond: 0.5, startsBurst: 2 } });
      await stage.start({ key: 'web' });
      await stage.start({ key: 'web' });
      const refused = { code: 'too_many_starts', context: { scope: 'key', retry_after_seconds: 2 } };
      await expect(stage.start({ key: 'web' })).rejects.toMatchObject(refused);
      await stage.start({ key: 'other' });
      await stage.pass(2_000);
      await stage.start({ key: 'web' });
      await expect(stage.start({ key: 'web' })).rejects.toMatchObject(refused);
    });

    it('refuses while it drains', async () => {
      const stage = staged();
      stage.sessions.drain();
      await expect(stage.start()).rejects.toMatchObject({ code: 'draining' });
      expect(stage.sessions.capacity().refusal).toBe('draining');
    });

    it('is empty once what is there, and what is starting, has ended', async () => {
      const stage = staged();
      const { session } = await stage.start();
      let empty = false;
      const emptied = stage.sessions.emptied(never).then(() => (empty = true));
      stage.sessions.drain();
      await settled();
      expect(empty).toBe(false);
      await session.end('deleted');
      await emptied;
      await stage.sessions.emptied(never);
    });

    it('waits for that no longer than it is told to', async () => {
      const stage = staged();
      await stage.start();
      const patience = new AbortController();
      const emptied = stage.sessions.emptied(patience.signal);
      patience.abort();
      await emptied;
      await stage.sessions.emptied(patience.signal);
    });

    it('warns everybody who is attached', async () => {
      const stage = staged();
      const { session } = await stage.start();
      const socket = new FakeSocket();
      session.terminal.attach(socket, owner);
      stage.sessions.warn(30);
      expect(socket.told).toContainEqual({ type: 'warning', reason: 'draining', seconds: 30 });
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

    it.each(['starting', 'exited'] as const)(
      'ends a session that is %s and whose start is not answered when the runner stops, and says why',
      async (state) => {
        const stage = staged();
        stage.prepare = ({ agent }) => {
          agent.answers.start = () => {
            if (state === 'exited') agent.sendJson(frameTypes.event, { ...exit, offset: 0 });
            return null;
          };
        };
        const refused = expect(stage.start()).rejects.toMatchObject({ code: 'draining' });
        await settled();
        expect(stage.sessions.list()).toMatchObject([{ state }]);
        await stage.sessions.stop(true);
        await refused;
        expect(stage.made[0]?.destroyed).toBe(1);
        expect(stage.ended).toMatchObject([{ reason: 'stopping' }]);
        expect(stage.started).toEqual([]);
      },
    );

    it('waits at its stop for claims that come too late, and ends what they give', async () => {
      const stage = staged();
      const refused = expect(stage.start({ limits: { cpus: 2 } })).rejects.toMatchObject({ code: 'draining' });
      await stage.sessions.stop(true);
      expect(stage.made.map(({ destroyed }) => destroyed)).toEqual([1]);
      expect(stage.ended).toMatchObject([{ reason: 'stopping' }]);
      await refused;
    });

    it('gives up who waits for a sandbox when the runner stops', async () => {
      const stage = staged();
      jest.spyOn(stage.pool, 'claim').mockImplementation(
        (signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              reject(new RunnerError('internal', 'The client went away.'));
            });
          }),
      );
      const refused = expect(stage.start()).rejects.toMatchObject({ code: 'draining' });
      await stage.sessions.stop(true);
      await refused;
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

  it('says of a session whose sandbox is there that it may come, and of no other', () => {
    const { sessions } = staged();
    sessions.sight(['b.1', 'b.2']);
    expect(() => sessions.find('b.1')).toThrow(expect.objectContaining({ code: 'draining' }));
    expect(() => sessions.find('b.3')).toThrow(expect.objectContaining({ code: 'session_unknown' }));
    sessions.sight([]);
    expect(() => sessions.find('b.1')).toThrow(expect.objectContaining({ code: 'session_unknown' }));
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

    it('takes up none whose agent goes away before, and says that it has ended', async () => {
      const { stage, warm, adopted } = adopting();
      warm.agent.die();
      await expect(adopted).rejects.toMatchObject({ code: 'sandbox_failed' });
      expect(stage.sessions.list()).toEqual([]);
      expect(() => stage.sessions.find(warm.sandbox.spec.identity.sessionId)).toThrow('The session has ended.');
      expect(stage.sessions.capacity().serves).toEqual(['b', 'a']);
    });

    it('takes up none whose agent does not send what it has kept', async () => {
      const { stage, adopted } = adopting();
      const refused = expect(adopted).rejects.toMatchObject({ code: 'sandbox_failed' });
      await jest.advanceTimersByTimeAsync(60_000);
      await refused;
      expect(stage.sessions.list()).toEqual([]);
    });
  });
});
