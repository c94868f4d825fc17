import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Readable } from 'node:stream';
import { encodeFrame, frameTypes } from '../../../src/agent/frame.js';
import { Adoption, adoptionIntervalMs } from '../../../src/session/adoption.js';
import type { FoundSandbox } from '../../../src/sandbox/sandbox.js';
import { AgentDouble, waitingState } from '../../doubles/agent-double.js';
import { FakeDriver } from '../../doubles/fake-driver.js';
import { FakeSocket } from '../../doubles/fake-socket.js';
import { settled } from '../../doubles/settled.js';
import { streamPair } from '../../doubles/stream-pair.js';
import { owner, useStages } from '../../doubles/session-stage.js';

const running = { ...waitingState, state: 'running', cols: 100, rows: 30 } as const;
const nonceOfSibling = Buffer.alloc(16, 'b');

describe('A session whose agent answers another runner', () => {
  const ways: (() => unknown)[] = [];
  // Before the stages look at what is left.
  afterEach(async () => {
    for (const clear of ways.splice(0)) await clear();
  });
  const staged = useStages();

  /** A session that has printed `one`, whose runner was silent for so long that a sibling has taken its agent. */
  async function overtaken(sandbox: { outlivesRunner: boolean }, words: object = running) {
    const stage = staged();
    stage.prepare = (warm) => Object.assign(warm.sandbox, sandbox);
    const { session, warm } = await stage.start();
    ways.push(() => warm.sandbox.destroy());
    await warm.connection.sync({ replica: 'a', resumeGraceSeconds: 60, fresh: true, timeoutMs: 5_000 });
    const socket = new FakeSocket();
    session.terminal.attach(socket, owner);
    warm.agent.output(0, Buffer.from('one'));
    await settled();
    warm.agent.send(frameTypes.synced, nonceOfSibling, Buffer.from(JSON.stringify(words)));
    warm.agent.output(0, Buffer.from('one'));
    await settled();
    return { stage, session, warm, socket };
  }

  it('is left to that one with its sandbox and its lease, and its terminals are told to come again', async () => {
    const { stage, session, warm, socket } = await overtaken({ outlivesRunner: true });
    expect(warm.destroyed).toBe(0);
    expect(warm.agent.payloads(frameTypes.release)).toEqual([]);
    expect(warm.connection.closed).toBe(true);
    expect(socket.text).toBe('one');
    expect(socket.closed).toMatchObject([{ reason: 'draining' }]);
    expect(stage.ended).toEqual([]);
    expect(stage.recovered).toEqual([{ id: session.id, taken: true }]);
    for (const id of [session.id, session.viewId]) {
      expect(() => stage.sessions.find(id)).toThrow(expect.objectContaining({ code: 'draining' }));
    }
  });

  it.each([
    ['no other runner can reach its sandbox', { outlivesRunner: false }, running],
    ['that is no answer of an agent', { outlivesRunner: true }, {}],
  ])('ends as a lost one where %s', async (_where, sandbox, words) => {
    const { stage, session, warm, socket } = await overtaken(sandbox, words);
    expect(stage.ended).toEqual([{ id: session.id, reason: 'sandbox_lost' }]);
    expect(warm.destroyed).toBe(1);
    expect(socket.closed).toMatchObject([{ reason: 'sandbox_lost' }]);
  });

  it('is taken up again once that one holds it no longer, and is remembered as ended after that', async () => {
    const { stage, session, warm } = await overtaken({ outlivesRunner: true });
    let says = frameTypes.pong as number;
    const reattached: AgentDouble[] = [];
    const found: FoundSandbox = {
      spec: warm.sandbox.spec,
      createdAt: new Date(),
      dead: false,
      listen: () => {
        const heard = Readable.from([encodeFrame(says === frameTypes.pong ? frameTypes.pong : frameTypes.unheld)]);
        return Promise.resolve(Object.assign(heard, { close: () => undefined }));
      },
      reattach: () => {
        const [stream, far] = streamPair();
        const agent = new AgentDouble(far);
        agent.state = running;
        reattached.push(agent);
        return Promise.resolve({ ...warm.sandbox, stream });
      },
      destroy: () => warm.sandbox.destroy(),
    };
    const driver = Object.assign(new FakeDriver(warm.sandbox), { list: () => Promise.resolve(listed) });
    let listed: FoundSandbox[] = [];
    const deaf = { onListed: () => undefined, onAdopted: () => undefined, onFailed: () => undefined };
    const parts = { driver, sessions: stage.sessions };
    const adoption = new Adoption(parts, { replica: 'a', resumeGraceSeconds: 60, maxAgeMs: Infinity }, deaf);
    ways.push(() => {
      adoption.stop();
    });
    await adoption.open();
    listed = [found];
    jest.advanceTimersByTime(adoptionIntervalMs);
    await settled();
    expect(reattached).toEqual([]);

    says = frameTypes.unheld;
    jest.advanceTimersByTime(adoptionIntervalMs);
    await settled();
    expect(reattached).toHaveLength(1);
    const { session: again } = stage.sessions.find(session.id);
    expect(again.state).toBe('running');
    adoption.stop();
    await again.end('deleted');
    expect(() => stage.sessions.find(session.id)).toThrow(expect.objectContaining({ code: 'session_ended' }));
  });
});
