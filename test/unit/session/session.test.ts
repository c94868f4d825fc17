import { describe, expect, it } from '@jest/globals';
import { encodeFrame, frameTypes } from '../../../src/agent/frame.js';
import { Session } from '../../../src/session/session.js';
import { FakeSocket } from '../../doubles/fake-socket.js';
import { FakeWarmSandbox } from '../../doubles/fake-warm-sandbox.js';
import { settled } from '../../doubles/settled.js';
import { exit, minute, never, owner, restart, SessionStage, useStages } from '../../doubles/session-stage.js';

describe('Session', () => {
  const staged = useStages();

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

    it('tells of an agent that refuses what none does, or answers in another shape, as a failure of the sandbox', async () => {
      const { session, warm } = await staged().start();
      warm.agent.answers.resize = () => ({ error: { code: '__proto__', message: 'it says so' } });
      await expect(session.resize({ cols: 1, rows: 1 })).rejects.toMatchObject({ code: 'sandbox_failed' });
      await expect(session.restart({ ...restart, size: { cols: 2, rows: 2 } }, never)).rejects.toMatchObject({
        code: 'sandbox_failed',
      });
      warm.agent.answers.read = () => ({ size: 'large' });
      await expect(session.workspace.read('a')).rejects.toMatchObject({ code: 'sandbox_failed' });
    });

    it('goes on after its REPL ended, and runs again after a restart', async () => {
      const stage = staged();
      const { session, warm } = await stage.start();
      warm.agent.sendJson(frameTypes.event, { ...exit, offset: 0 });
      await settled();
      expect(session).toMatchObject({ state: 'exited', exit: { exitCode: 3 } });
      await expect(session.signal('SIGINT')).rejects.toMatchObject({ code: 'session_state' });
      expect(stage.exits).toEqual([{ id: session.id, outcome: 'runtime_error' }]);
      await session.restart(restart, never);
      expect(session).toMatchObject({ state: 'running', exit: null });
      expect(stage.restarts).toEqual([session.id]);
    });

    it('knows of a restarted REPL that ended in the same breath, once', async () => {
      const stage = staged();
      const { session, warm } = await stage.start();
      warm.agent.answers.restart = ({ id }) => {
        const answer = encodeFrame(frameTypes.response, Buffer.from(JSON.stringify({ id, offset: 10 })));
        const event = encodeFrame(frameTypes.event, Buffer.from(JSON.stringify({ ...exit, offset: 30 })));
        warm.agent.sendRaw(Buffer.concat([answer, event]));
        return null;
      };
      await session.restart(restart, never);
      expect(session).toMatchObject({ state: 'exited', exit: { exitCode: 3 } });
      expect([stage.exits.length, stage.restarts.length]).toEqual([1, 1]);
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
      // Not of those whose sandboxes have to be gone afterwards.
      const stage = new SessionStage();
      const { session, warm } = await stage.start();
      const socket = new FakeSocket();
      session.terminal.attach(socket, owner);
      await stage.sessions.stop(true);
      await settled();
      expect(warm.agent.payloads(frameTypes.release)).toHaveLength(1);
      expect([warm.destroyed, stage.ended.length, socket.closed[0]?.reason]).toEqual([0, 0, 'draining']);
      expect(stage.sessions.list()).toEqual([]);
      for (const id of [session.id, session.viewId]) {
        expect(() => stage.sessions.find(id)).toThrow(expect.objectContaining({ code: 'draining' }));
      }
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
