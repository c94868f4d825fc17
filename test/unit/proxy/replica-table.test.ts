import { describe, expect, it } from '@jest/globals';
import { ReplicaTable } from '../../../proxy/replica-table.js';
import type { Readiness } from '../../../proxy/readiness.js';

const [a, b] = ['http://a:4657', 'http://b:4657'] as const;
const awayMs = 60_000;

function readiness(replica: string, given: Partial<Readiness> = {}): Readiness {
  return { ready: true, replica, serves: [replica], sessions: 0, free: 10, warm: 3, load: 0.5, ...given };
}

function table(): ReplicaTable {
  const made = new ReplicaTable({ awayMs });
  made.setUrls([a, b]);
  return made;
}

describe('ReplicaTable', () => {
  it('finds a replica by the name that it says of itself', () => {
    const known = table();
    known.answered(a, readiness('one'), 0);
    known.answered(b, readiness('two'), 0);
    expect(known.find('one', 1)).toEqual({ kind: 'here', urls: [a] });
    expect(known.find('two', 1)).toEqual({ kind: 'here', urls: [b] });
  });

  it('finds adopted sessions where they live now, the replica itself first', () => {
    const known = table();
    known.answered(b, readiness('two', { serves: ['one', 'two'] }), 0);
    expect(known.find('one', 1)).toEqual({ kind: 'here', urls: [b] });
    known.answered(a, readiness('one'), 2);
    expect(known.find('one', 3)).toEqual({ kind: 'here', urls: [a, b] });
    known.failed(a);
    expect(known.find('one', 3)).toEqual({ kind: 'here', urls: [b, a] });
  });

  it('counts an unknown name as away from the first question on, then as gone', () => {
    const known = table();
    expect(known.find('never', 1_000_000)).toEqual({ kind: 'away' });
    expect(known.find('never', 1_000_000 + awayMs - 1)).toEqual({ kind: 'away' });
    expect(known.find('never', 1_000_000 + awayMs)).toEqual({ kind: 'gone' });
  });

  it('keeps a failing replica at its address until it has been away too long', () => {
    const known = table();
    known.answered(a, readiness('one'), 1000);
    known.failed(a);
    expect(known.candidates()).toEqual([]);
    expect(known.find('one', 1000 + awayMs - 1)).toEqual({ kind: 'here', urls: [a] });
    expect(known.find('one', 1000 + awayMs)).toEqual({ kind: 'gone' });
    known.answered(a, readiness('one'), 1000 + 2 * awayMs);
    expect(known.find('one', 1000 + 2 * awayMs)).toEqual({ kind: 'here', urls: [a] });
  });

  it('counts a replica whose address is withdrawn as away since it was last heard of', () => {
    const known = table();
    known.answered(a, readiness('one'), 1000);
    known.setUrls([b]);
    expect(known.urls).toEqual([b]);
    expect(known.find('one', 1000 + awayMs - 1)).toEqual({ kind: 'away' });
    expect(known.find('one', 1000 + awayMs)).toEqual({ kind: 'gone' });
  });

  it('does not take a successor at the same address for the one before', () => {
    const known = table();
    known.answered(a, readiness('one'), 1000);
    known.answered(a, readiness('successor'), 2000);
    expect(known.find('one', 3000)).toEqual({ kind: 'away' });
    expect(known.find('successor', 3000)).toEqual({ kind: 'here', urls: [a] });
  });

  it('offers ready replicas for new sessions, with what has been placed since taken off', () => {
    const known = table();
    known.answered(a, readiness('one', { free: 5 }), 0);
    known.answered(b, readiness('two', { ready: false }), 0);
    known.placed(a);
    expect(known.candidates()).toEqual([{ url: a, warm: 2, free: 4, load: 0.5 }]);
    for (let more = 0; more < 4; more += 1) known.placed(a);
    expect(known.candidates()).toEqual([{ url: a, warm: 0, free: 0, load: 0.5 }]);
    known.answered(a, readiness('one', { free: 4 }), 1);
    expect(known.candidates()).toEqual([{ url: a, warm: 3, free: 4, load: 0.5 }]);
  });

  it('offers a replica that has refused a session no other one until it says that it takes them', () => {
    const known = table();
    known.answered(a, readiness('one'), 0);
    known.refused(a);
    expect(known.candidates()).toEqual([]);
    expect(known.find('one', 1)).toEqual({ kind: 'here', urls: [a] });
    known.answered(a, readiness('one'), 2);
    expect(known.candidates()).toHaveLength(1);
  });

  it('finds the sessions of a replica whose address is withdrawn while it drains, and offers it no new ones', () => {
    const known = table();
    known.answered(a, readiness('one', { sessions: 2 }), 1000);
    known.setUrls([b]);
    expect(known.find('one', 1000)).toEqual({ kind: 'here', urls: [a] });
    expect(known.candidates()).toEqual([]);
    known.answered(a, readiness('one', { sessions: 1 }), 2000);
    known.setUrls([b]);
    expect(known.find('one', 2000)).toEqual({ kind: 'here', urls: [a] });
    known.answered(a, readiness('one', { sessions: 0 }), 3000);
    expect(known.urls).toEqual([b]);
    expect(known.find('one', 3000 + awayMs - 1)).toEqual({ kind: 'away' });
    expect(known.find('one', 3000 + awayMs)).toEqual({ kind: 'gone' });
  });

  it('lets go of a withdrawn replica at its first failure, and takes one back whose address returns', () => {
    const known = table();
    known.answered(a, readiness('one', { sessions: 2 }), 1000);
    known.setUrls([b]);
    known.setUrls([a, b]);
    expect(known.candidates()).toHaveLength(1);
    known.setUrls([b]);
    known.failed(a);
    expect(known.urls).toEqual([b]);
    expect(known.failures(a)).toBeNull();
    expect(known.find('one', 1001)).toEqual({ kind: 'away' });
  });

  it('counts failures up to the next answer', () => {
    const known = table();
    expect([known.failed(a), known.failed(a), known.failures(a)]).toEqual([1, 2, 2]);
    known.answered(a, readiness('one'), 1);
    expect(known.failures(a)).toBe(0);
  });

  it('ignores what comes from an address that is withdrawn', () => {
    const known = table();
    known.setUrls([b]);
    known.answered(a, readiness('one'), 0);
    known.failed(a);
    known.placed(a);
    expect(known.urls).toEqual([b]);
    expect(known.find('one', 0)).toEqual({ kind: 'away' });
  });

  it('forgets the oldest invented names rather than growing', () => {
    const known = table();
    known.find('first', 0);
    for (let index = 0; index < 10_000; index += 1) known.find(`invented-${index}`, 1);
    expect(known.find('first', awayMs)).toEqual({ kind: 'away' });
    expect(known.find('invented-9999', awayMs + 1)).toEqual({ kind: 'gone' });
  });
});
