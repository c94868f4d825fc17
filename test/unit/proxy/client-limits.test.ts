import { describe, expect, it } from '@jest/globals';
import { ClientLimits, type Admission } from '../../../proxy/client-limits.js';

class Fleet {
  readonly alive = new Set<string>();
  readonly asked: string[] = [];
  readonly limits: ClientLimits;
  #next = 0;

  constructor(maxSessions: number) {
    const rules = { startsPerMinute: null, startsBurst: 1, maxSessions };
    this.limits = new ClientLimits(rules, (id) => {
      this.asked.push(id);
      return Promise.resolve(this.alive.has(id));
    });
  }

  async start(client: string): Promise<string> {
    const admission = await this.limits.admit(client);
    const id = `session-${(this.#next += 1)}`;
    this.alive.add(id);
    admission.started(id);
    admission.close();
    return id;
  }
}

const full = { code: 'too_many_sessions', context: { scope: 'client', max_sessions: 2 } };

describe('ClientLimits', () => {
  it('lets a client have so many sessions, and another one when one of them is over', async () => {
    const fleet = new Fleet(2);
    const first = await fleet.start('a');
    const second = await fleet.start('a');
    await fleet.start('b');
    fleet.alive.delete(second);
    const third = await fleet.start('a');
    expect(fleet.asked).toEqual([first, second]);
    await expect(fleet.start('a')).rejects.toMatchObject(full);
    expect(fleet.asked.slice(2)).toEqual([first, third]);
  });

  it('asks after nobody while there is room, and not again and again where there is none', async () => {
    const fleet = new Fleet(2);
    await fleet.start('a');
    await fleet.start('a');
    expect(fleet.asked).toEqual([]);
    for (let round = 0; round < 5; round += 1) await expect(fleet.start('a')).rejects.toMatchObject(full);
    expect(fleet.asked).toHaveLength(2);
  });

  it('counts starts under way, and not those that have failed', async () => {
    const { limits } = new Fleet(2);
    const underWay: Admission[] = [await limits.admit('a'), await limits.admit('a')];
    await expect(limits.admit('a')).rejects.toMatchObject(full);
    underWay[0]?.close();
    underWay[0]?.close();
    await limits.admit('a');
    await expect(limits.admit('a')).rejects.toMatchObject(full);
  });

  it('gives one place that is found to one start alone', async () => {
    const fleet = new Fleet(2);
    const first = await fleet.start('a');
    await fleet.start('a');
    fleet.alive.delete(first);
    const both = await Promise.allSettled([fleet.start('a'), fleet.start('a')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('lets a client start no faster than it may', async () => {
    const rules = { startsPerMinute: 1, startsBurst: 2, maxSessions: null };
    const limits = new ClientLimits(rules, () => Promise.resolve(true));
    await limits.admit('a');
    await limits.admit('a');
    const context = { scope: 'client', retry_after_seconds: 60 };
    await expect(limits.admit('a')).rejects.toMatchObject({ code: 'too_many_starts', context });
    await limits.admit('b');
  });
});
