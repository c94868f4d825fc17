import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { WaitingLine, type Place } from '../../../src/execution/waiting-line.js';
import { useFakeClock } from '../../doubles/fake-clock.js';

const never = new AbortController().signal;
const full = expect.objectContaining({ code: 'capacity_exhausted' });

function line(options: Partial<ConstructorParameters<typeof WaitingLine>[0]> = {}): WaitingLine {
  return new WaitingLine({ places: 1, maxWaiting: 2, maxWaitMs: 5_000, now: () => Date.now(), ...options });
}

describe('WaitingLine', () => {
  beforeEach(useFakeClock);
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('serves at once while there are places', async () => {
    const two = line({ places: 2 });
    const places = [await two.enter(never), await two.enter(never)];
    expect([two.served, two.waiting, places.map(({ waitedMs }) => waitedMs)]).toEqual([2, 0, [0, 0]]);
  });

  it('serves who came first, and says how long that took', async () => {
    const one = line();
    const first = await one.enter(never);
    const served: string[] = [];
    const enter = async (name: string): Promise<Place> => {
      const place = await one.enter(never);
      served.push(name);
      return place;
    };
    const second = enter('second');
    jest.advanceTimersByTime(1_000);
    const third = enter('third');
    jest.advanceTimersByTime(500);
    expect([one.waiting, one.waitMs]).toEqual([2, 1_500]);
    first.leave();
    first.leave();
    expect((await second).waitedMs).toBe(1_500);
    expect([one.served, one.waiting, served]).toEqual([1, 1, ['second']]);
    (await second).leave();
    expect((await third).waitedMs).toBe(500);
    (await third).leave();
    expect([one.served, one.waiting, one.waitMs]).toEqual([0, 0, 0]);
  });

  it('refuses at once when the line is full, with how long to wait', async () => {
    const one = line({ maxWaiting: 1 });
    const first = await one.enter(never);
    const second = one.enter(never);
    jest.advanceTimersByTime(2_100);
    await expect(one.enter(never)).rejects.toMatchObject({ context: { waiting: 1, retry_after_seconds: 3 } });
    first.leave();
    (await second).leave();
  });

  it('refuses who has waited too long, and forgets it', async () => {
    const one = line();
    const first = await one.enter(never);
    const late = expect(one.enter(never)).rejects.toEqual(full);
    jest.advanceTimersByTime(5_000);
    await late;
    expect(one.waiting).toBe(0);
    first.leave();
    expect(one.served).toBe(0);
  });

  it('forgets who goes away', async () => {
    const one = line();
    const first = await one.enter(never);
    const leaving = new AbortController();
    const gone = expect(one.enter(leaving.signal)).rejects.toThrow('left');
    leaving.abort(new Error('left'));
    await gone;
    expect(one.waiting).toBe(0);
    first.leave();
    await expect(one.enter(leaving.signal)).rejects.toThrow('left');
    expect(one.served).toBe(0);
  });

  it('without room to wait refuses all but those it serves', async () => {
    const one = line({ maxWaiting: 0 });
    const first = await one.enter(never);
    await expect(one.enter(never)).rejects.toEqual(full);
    first.leave();
    (await one.enter(never)).leave();
  });
});
