import { describe, expect, it, jest } from '@jest/globals';
import { frameTypes } from '../../../src/agent/frame.js';
import { RunnerError } from '../../../src/errors.js';
import { AgentDouble, waitingState } from '../../doubles/agent-double.js';
import { FakeSocket } from '../../doubles/fake-socket.js';
import { settled } from '../../doubles/settled.js';
import { streamPair } from '../../doubles/stream-pair.js';
import { exit, owner, useStages } from '../../doubles/session-stage.js';

describe('A session whose sandbox outlives its stream', () => {
  const staged = useStages();

  const running = { ...waitingState, state: 'running', cols: 100, rows: 30 } as const;

  /** A session that has printed `one`, whose stream has broken, and what its sandbox is once that is reached again. */
  async function broken() {
    const stage = staged();
    let reach: (found: boolean) => void = () => undefined;
    const reached = new Promise<boolean>((resolve) => (reach = resolve));
    const [stream, far] = streamPair();
    const agent = new AgentDouble(far);
    agent.state = { ...running, end: 6 };
    stage.prepare = ({ sandbox }) => {
      const again = { ...sandbox, stream };
      const recover = async () => {
        if (await reached) return again;
        throw new RunnerError('sandbox_failed', 'It is gone.');
      };
      Object.assign(sandbox, { recover });
    };
    const { session, warm } = await stage.start();
    const socket = new FakeSocket();
    session.terminal.attach(socket, owner);
    warm.agent.output(0, Buffer.from('one'));
    await settled();
    warm.agent.die();
    await settled();
    return { stage, session, warm, agent, socket, reach };
  }

  it('goes on in the same terminals, and shows what was printed meanwhile once', async () => {
    const { stage, session, agent, socket, reach } = await broken();
    session.terminal.input(Buffer.from('typed'));
    reach(true);
    await settled();
    agent.output(0, Buffer.from('onetwo'));
    await settled();
    expect(socket.text).toBe('onetwo');
    expect(socket.closed).toEqual([]);
    expect(session.state).toBe('running');
    const typed = agent.payloads(frameTypes.data).map((payload) => payload.subarray(4).toString());
    expect(typed).toEqual(['typed']);
    expect(stage.recovered).toEqual([{ id: session.id, taken: false }]);
  });

  it('tells of it until siblings have had the time as well', async () => {
    const { stage, reach } = await broken();
    expect(stage.sessions.recovering).toBe(true);
    reach(true);
    await settled();
    jest.advanceTimersByTime(14_000);
    expect(stage.sessions.recovering).toBe(true);
    jest.advanceTimersByTime(2_000);
    expect(stage.sessions.recovering).toBe(false);
  });

  it('refuses calls for the moment, as ones to be repeated', async () => {
    const { session, reach } = await broken();
    await expect(session.signal('SIGINT')).rejects.toMatchObject({ code: 'driver_unavailable' });
    reach(true);
    await settled();
    await session.signal('SIGINT');
  });

  it('tells of a REPL that ended meanwhile', async () => {
    const { stage, session, agent, reach } = await broken();
    const { outcome, exit_code, signal } = exit;
    agent.state = { ...agent.state, state: 'exited', exit: { outcome: 'runtime_error', exit_code, signal } };
    reach(true);
    await settled();
    expect(session).toMatchObject({ state: 'exited', exit: { outcome, exitCode: 3 } });
    expect(stage.exits).toEqual([{ id: session.id, outcome }]);
  });

  it('ends as a lost one where it is gone', async () => {
    const { stage, session, socket, reach } = await broken();
    expect(stage.ended).toEqual([]);
    reach(false);
    await settled();
    expect(stage.ended).toEqual([{ id: session.id, reason: 'sandbox_lost' }]);
    expect(socket.closed).toMatchObject([{ reason: 'sandbox_lost' }]);
  });

  it('ends as a lost one where another answers in its place', async () => {
    const { stage, session, agent, reach } = await broken();
    agent.state = { ...agent.state, epoch: '00000000-0000-4000-8000-00000000000f' };
    reach(true);
    await settled();
    expect(stage.ended).toEqual([{ id: session.id, reason: 'sandbox_lost' }]);
  });

  it('is let go of where a sibling has taken it up', async () => {
    const { stage, session, warm, agent, socket, reach } = await broken();
    agent.denies = 'b';
    reach(true);
    await settled();
    expect(socket.closed).toMatchObject([{ reason: 'draining' }]);
    expect(() => stage.sessions.find(session.id)).toThrow(expect.objectContaining({ code: 'draining' }));
    expect(stage.recovered).toEqual([{ id: session.id, taken: true }]);
    expect(warm.destroyed).toBe(0);
    await warm.sandbox.destroy();
  });

  it('is removed all the same where the session is ended meanwhile', async () => {
    const { stage, session, warm } = await broken();
    await session.end('deleted');
    expect(warm.destroyed).toBe(1);
    expect(stage.ended).toEqual([{ id: session.id, reason: 'deleted' }]);
  });
});
