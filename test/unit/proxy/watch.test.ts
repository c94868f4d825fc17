import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ProxyEvent } from '../../../proxy/options.js';
import { ProxyError } from '../../../proxy/proxy-error.js';
import { Watch, type Watched } from '../../../proxy/watch.js';

const id = 'runner-1.3f2b8c1e-9d4a-4b6f-8a7e-0123456789ab';
const session = 'runner-1.3f2b…';

describe('Watch', () => {
  let events: ProxyEvent[];
  let counted: string[];
  let timed: string[];
  beforeEach(() => {
    [events, counted, timed] = [[], [], []];
  });

  const watch = (watched: Pick<Watched, 'action' | 'id'>): Watch =>
    new Watch(
      { requestId: 'r', ...watched },
      {
        metrics: {
          count: (action, outcome) => counted.push(`${action} ${outcome}`),
          observe: (action) => timed.push(action),
        },
        onEvent: (event) => events.push(event),
      },
    );

  it('tells of an answer once, with the masked id', () => {
    const call = watch({ action: 'call', id });
    call.answered(404);
    call.failed(new ProxyError('replica_failed', 'Late.'));
    expect(counted).toEqual(['call passed']);
    expect(timed).toEqual(['call']);
    expect(events).toEqual([{ name: 'call-done', requestId: 'r', session, status: 404, ms: expect.any(Number) }]);
  });

  it('tells which session a start has made', () => {
    watch({ action: 'start', id: null }).answered(201, id);
    expect(events).toMatchObject([{ name: 'start-done', session, status: 201 }]);
  });

  it('tells of a refusal, and not of the answer that says so', () => {
    const start = watch({ action: 'start', id: null });
    start.failed(new ProxyError('capacity_exhausted', 'Full.'));
    start.answered(503);
    expect([counted, timed]).toEqual([['start capacity_exhausted'], []]);
    expect(events).toEqual([{ name: 'start-failed', requestId: 'r', code: 'capacity_exhausted', cause: undefined }]);
  });

  it('tells of a client that went away first', () => {
    watch({ action: 'call', id }).answered(null);
    watch({ action: 'attach', id }).closed();
    expect([counted, timed]).toEqual([['call aborted', 'attach aborted'], []]);
    expect(events).toMatchObject([
      { name: 'call-done', status: 'aborted' },
      { name: 'attach-done', status: 'aborted' },
    ]);
  });

  it('tells of a terminal when it opens and when it ends', () => {
    const attach = watch({ action: 'attach', id });
    attach.opened();
    attach.closed();
    expect(counted).toEqual(['attach passed']);
    expect(events).toMatchObject([{ name: 'attach-done', status: 101 }, { name: 'detach-done' }]);
  });

  it('shows nothing of what is no id', () => {
    watch({ action: 'call', id: 'hunter2' }).answered(200);
    expect(events).toMatchObject([{ session: '?' }]);
  });
});
