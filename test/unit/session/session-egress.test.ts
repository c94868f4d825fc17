import { describe, expect, it } from '@jest/globals';
import { frameTypes } from '../../../src/agent/frame.js';
import { Egress } from '../../../src/egress/egress.js';
import { parseEntry, type EgressEntry } from '../../../src/egress/allow-list.js';
import { waitingState } from '../../doubles/agent-double.js';
import { FakeWarmSandbox } from '../../doubles/fake-warm-sandbox.js';
import { request, minute, never, restart, useStages } from '../../doubles/session-stage.js';

describe('A session with a way out', () => {
  const staged = useStages();

  const entries = ['a.example:443', 'b.example:443']
    .map(parseEntry)
    .filter((entry): entry is EgressEntry => entry !== null);
  const egress = new Egress(
    { entries, pipIndex: null, key: 'k'.repeat(32), maxConnections: 1, maxBytes: 1024 },
    {
      resolve: () => Promise.reject(new Error('nobody is to be asked')),
      listener: { onEnded: () => undefined, onConnections: () => undefined, onBytes: () => undefined },
    },
  );
  const rules = { idleMs: 30 * minute, detachGraceMs: 15 * minute, maxLifetimeMs: 8 * 60 * minute };
  const withEgress = { session: { rules, resumeGraceMs: minute, egress } };
  const ops = ({ agent }: FakeWarmSandbox): string[] => agent.requests.map(({ op }) => op);

  it('is open before the REPL runs, whose own variables win, and after a restart', async () => {
    const { session, warm } = await staged(withEgress).start({ egress: ['a.example'], env: { NO_PROXY: 'mine' } });
    expect(session.egress).toEqual(['a.example']);
    expect(ops(warm)).toEqual(['egress', 'start']);
    await session.restart(restart, never);
    const start = warm.agent.requests[1];
    const again = warm.agent.requests.at(-1);
    expect(start?.env).toMatchObject({ HTTPS_PROXY: 'http://127.0.0.1:3128', NO_PROXY: 'mine' });
    expect(again).toMatchObject({ op: 'restart', env: { HTTPS_PROXY: 'http://127.0.0.1:3128' } });
  });

  it('is not there unless it is asked for', async () => {
    const { session, warm } = await staged(withEgress).start();
    expect(session.egress).toEqual([]);
    expect(ops(warm)).toEqual(['start']);
  });

  it('is that of the first session in a fork, unless the fork says otherwise', async () => {
    const stage = staged(withEgress);
    const { session } = await stage.start({ egress: ['a.example'] });
    const forked = async (change: { egress?: readonly string[] }): Promise<readonly string[]> => {
      return (await stage.sessions.fork(session.id, { ...request, ...change }, never)).session.egress;
    };
    const { agent } = stage.made[0] ?? new FakeWarmSandbox();
    agent.answers.pack = ({ channel }) => {
      const end = Buffer.alloc(4);
      end.writeUInt32BE(Number(channel));
      agent.send(frameTypes.end, end);
      return { files: 0, bytes: 0, left_out: [], left_out_count: 0 };
    };
    expect(await forked({})).toEqual(['a.example']);
    expect(await forked({ egress: ['b.example'] })).toEqual(['b.example']);
    expect(await forked({ egress: [] })).toEqual([]);
  });

  it('goes on in a session that is taken up, by the seal of who opened it', async () => {
    const { warm } = await staged(withEgress).start({ egress: ['b.example'] });
    const grant = String(warm.agent.requests[0]?.grant);
    const agent = { ...waitingState, state: 'running', egress: grant } as const;
    const adopted = async (left: Partial<typeof agent> | { egress: string | null }): Promise<readonly string[]> => {
      const stage = staged(withEgress);
      const again = new FakeWarmSandbox(1);
      stage.made.push(again);
      const { sandbox, connection } = again;
      const parts = {
        sandbox,
        connection,
        agent: { ...agent, ...left },
        createdAt: new Date(),
        cold: false,
        waitMs: 0,
      };
      return (await stage.sessions.adopt(parts)).egress;
    };
    expect(await adopted({})).toEqual(['b.example']);
    expect(await adopted({ egress: grant.replace('b.example', 'a.example') })).toEqual([]);
    expect(await adopted({ egress: null })).toEqual([]);
  });
});
