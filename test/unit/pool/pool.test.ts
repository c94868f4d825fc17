import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { frameTypes } from '../../../src/agent/frame.js';
import { RunnerError } from '../../../src/errors.js';
import { Pool, type Claim, type PoolOptions } from '../../../src/pool/pool.js';
import type { WarmSandbox } from '../../../src/pool/warm-sandbox.js';
import { useFakeClock } from '../../doubles/fake-clock.js';
import { fakeLanguage, FakeWarmSandbox } from '../../doubles/fake-warm-sandbox.js';
import { settled } from '../../doubles/settled.js';

const never = new AbortController().signal;

/** A pool whose sandboxes are made when a test says so. */
class Stage {
  readonly orders: { resolve(warm: WarmSandbox): void; reject(error: Error): void; signal: AbortSignal }[] = [];
  readonly made: FakeWarmSandbox[] = [];
  readonly failures: unknown[] = [];
  mostAtOnce = 0;
  room = 100;
  /** What an order that is given up waits for. */
  undoing = Promise.resolve();
  #underWay = 0;
  readonly pool: Pool;

  constructor(options: Partial<PoolOptions> = {}) {
    this.pool = new Pool(
      {
        language: fakeLanguage,
        bounds: { min: 2, max: 10 },
        concurrency: 2,
        admissionWaitMs: 10_000,
        maxWaiting: 3,
        refillDelayMs: 50,
        retryDelayMs: 1_000,
        maxAgeMs: 600_000,
        ...options,
      },
      {
        make: (_language, _limits, signal) => this.#order(signal),
        room: () => this.room,
        onMade: () => undefined,
        onMakeFailed: (error) => this.failures.push(error),
      },
    );
  }

  /** Lets the oldest sandbox that is under way be ready. */
  async make(): Promise<FakeWarmSandbox> {
    const warm = new FakeWarmSandbox(this.made.length + 1);
    this.made.push(warm);
    this.orders.shift()?.resolve(warm);
    await this.#next();
    return warm;
  }

  async fail(error: Error = new RunnerError('sandbox_failed', 'No.')): Promise<void> {
    this.orders.shift()?.reject(error);
    await this.#next();
  }

  async fill(): Promise<void> {
    this.pool.open();
    while (this.orders.length > 0) await this.make();
  }

  async #next(): Promise<void> {
    await settled();
    jest.advanceTimersByTime(0);
    await settled();
  }

  async #order(signal: AbortSignal): Promise<WarmSandbox> {
    this.#underWay += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#underWay);
    try {
      return await new Promise<WarmSandbox>((resolve, reject) => {
        this.orders.push({ resolve, reject, signal });
        signal.addEventListener('abort', () => {
          void this.undoing.then(() => {
            reject(new RunnerError('sandbox_failed', 'It was not made.'));
          });
        });
      });
    } finally {
      this.#underWay -= 1;
    }
  }
}

describe('Pool', () => {
  const stages: Stage[] = [];
  const staged = (options: Partial<PoolOptions> = {}): Stage => {
    const stage = new Stage(options);
    stages.push(stage);
    return stage;
  };

  beforeEach(useFakeClock);
  afterEach(async () => {
    for (const stage of stages.splice(0)) {
      await stage.pool.stop();
      expect(stage.pool.counts).toEqual({ warm: 0, creating: 0, waiting: 0 });
      for (const warm of stage.made) warm.connection.close('the test is over');
    }
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('fills to its minimum', async () => {
    const stage = staged();
    await stage.fill();
    expect(stage.pool.counts).toEqual({ warm: 2, creating: 0, waiting: 0 });
  });

  it('hands out the oldest warm sandbox at once, and each only once', async () => {
    const stage = staged();
    await stage.fill();
    const [one, two] = [await stage.pool.claim(never), await stage.pool.claim(never)];
    expect([one.warm, two.warm]).toEqual(stage.made);
    expect(one).toMatchObject({ cold: false, waitMs: 0 });
  });

  it('refills after a claim, once the start that it disturbs is over', async () => {
    const stage = staged();
    await stage.fill();
    await stage.pool.claim(never);
    jest.advanceTimersByTime(49);
    expect(stage.pool.counts.creating).toBe(0);
    jest.advanceTimersByTime(1);
    expect(stage.pool.counts.creating).toBe(1);
  });

  it('never makes more than its share at once', async () => {
    const stage = staged({ bounds: { min: 9, max: 9 }, concurrency: 3 });
    await stage.fill();
    expect(stage.pool.counts.warm).toBe(9);
    expect(stage.mostAtOnce).toBe(3);
  });

  it('serves those who wait in their order', async () => {
    const stage = staged({ bounds: { min: 0, max: 0 } });
    const order: string[] = [];
    const claims = ['first', 'second', 'third'].map((name) =>
      stage.pool
        .claim(never)
        .then(({ warm, cold }) => order.push(`${name} ${stage.made.findIndex((made) => made === warm)} ${cold}`)),
    );
    for (let count = 0; count < 3; count += 1) await stage.make();
    await Promise.all(claims);
    expect(order).toEqual(['first 0 true', 'second 1 true', 'third 2 true']);
  });

  it('lets nobody wait longer than the admission wait, and says when to try again', async () => {
    const stage = staged({ bounds: { min: 0, max: 0 } });
    const claim = expect(stage.pool.claim(never)).rejects.toMatchObject({
      code: 'capacity_exhausted',
      context: { retry_after_seconds: 2 },
    });
    jest.advanceTimersByTime(10_000);
    await claim;
    expect(stage.pool.counts.waiting).toBe(0);
  });

  it('refuses at once when enough wait already', async () => {
    const stage = staged({ bounds: { min: 0, max: 0 }, maxWaiting: 1 });
    const waiting = expect(stage.pool.claim(never)).rejects.toMatchObject({ code: 'draining' });
    await expect(stage.pool.claim(never)).rejects.toMatchObject({ code: 'capacity_exhausted' });
    await stage.pool.stop();
    await waiting;
  });

  it('refuses at once when there is no room and none is on its way', async () => {
    const stage = staged();
    stage.room = 0;
    await expect(stage.pool.claim(never)).rejects.toMatchObject({ code: 'capacity_exhausted' });
    await expect(stage.pool.claimCold({ cpus: 2 }, never)).rejects.toMatchObject({ code: 'capacity_exhausted' });
  });

  it('forgets who stops waiting, and keeps what was made for them', async () => {
    const stage = staged({ bounds: { min: 0, max: 0 } });
    const abort = new AbortController();
    const claim = expect(stage.pool.claim(abort.signal)).rejects.toThrow('The client went away.');
    abort.abort();
    await claim;
    expect(stage.pool.counts.waiting).toBe(0);
    const warm = await stage.make();
    expect((await stage.pool.claim(never)).warm).toBe(warm);
  });

  it('refuses a claim that is aborted before it begins', async () => {
    const stage = staged();
    await stage.fill();
    await expect(stage.pool.claim(AbortSignal.abort())).rejects.toThrow();
    expect(stage.pool.counts.warm).toBe(2);
  });

  it('replaces a warm sandbox that has ended', async () => {
    const stage = staged();
    await stage.fill();
    stage.made[0]?.end('out of memory');
    await settled();
    expect(stage.pool.counts.warm).toBe(1);
    jest.advanceTimersByTime(1_000);
    expect(stage.pool.counts.creating).toBe(1);
  });

  it('replaces a warm sandbox before it is older than it may be', async () => {
    const stage = staged();
    await stage.fill();
    const old = [...stage.made];
    jest.advanceTimersByTime(299_999);
    expect(stage.pool.counts).toEqual({ warm: 2, creating: 0, waiting: 0 });
    jest.advanceTimersByTime(300_001);
    await settled();
    expect(old.map(({ destroyed }) => destroyed)).toEqual([1, 1]);
    await stage.fill();
    expect((await stage.pool.claim(never)).warm).toBe(stage.made[2]);
  });

  /** The first is due after half of the time that they may be warm, the second after three quarters of it. */
  async function filledAtTwoAges(): Promise<Stage> {
    const random = jest.spyOn(Math, 'random').mockReturnValueOnce(0).mockReturnValueOnce(0.5);
    const stage = staged();
    await stage.fill();
    random.mockRestore();
    return stage;
  }

  it('replaces those that were made together one after the other', async () => {
    const stage = await filledAtTwoAges();
    jest.advanceTimersByTime(300_000);
    expect(stage.pool.counts.warm).toBe(1);
    await stage.fill();
    expect(stage.pool.counts.warm).toBe(2);
    expect(stage.made.map(({ destroyed }) => destroyed)).toEqual([1, 0, 0]);
  });

  it('keeps an old warm sandbox while none can be made in its place', async () => {
    const stage = await filledAtTwoAges();
    jest.advanceTimersByTime(300_001);
    await stage.fail();
    jest.advanceTimersByTime(450_000);
    expect(stage.made.map(({ destroyed }) => destroyed)).toEqual([1, 0]);
    await stage.make();
    jest.advanceTimersByTime(5_000);
    expect(stage.made.map(({ destroyed }) => destroyed)).toEqual([1, 1, 0]);
  });

  it('leaves alone what was claimed', async () => {
    const stage = staged();
    await stage.fill();
    const { warm } = await stage.pool.claim(never);
    jest.advanceTimersByTime(600_000);
    await settled();
    expect(stage.made[0]).toBe(warm);
    expect(stage.made[0]?.destroyed).toBe(0);
  });

  it('replaces a warm sandbox as soon as its connection is closed, and hands it to nobody', async () => {
    const stage = staged();
    await stage.fill();
    stage.made[0]?.connection.close('a protocol error');
    expect(stage.pool.counts.warm).toBe(1);
    expect(stage.made[0]?.destroyed).toBe(1);
    jest.advanceTimersByTime(1_000);
    expect(stage.pool.counts.creating).toBe(1);
    expect((await stage.pool.claim(never)).warm).toBe(stage.made[1]);
  });

  it('keeps none whose connection was closed before it came, and none whose REPL ends', async () => {
    const stage = staged();
    stage.pool.open();
    const [gone, ended] = [new FakeWarmSandbox(1), new FakeWarmSandbox(2)];
    gone.connection.close('a protocol error');
    for (const warm of [gone, ended]) stage.orders.shift()?.resolve(warm);
    await settled();
    expect(stage.pool.counts.warm).toBe(1);
    ended.agent.sendJson(frameTypes.event, { event: 'exit', outcome: 'ok', exit_code: 0, signal: null, offset: 0 });
    await settled();
    expect(stage.pool.counts.warm).toBe(0);
    expect([gone.destroyed, ended.destroyed]).toEqual([1, 1]);
  });

  it('backs off further each time that a sandbox cannot be made, and recovers', async () => {
    const stage = staged({ bounds: { min: 1, max: 1 }, concurrency: 1 });
    stage.pool.open();
    for (const pause of [1_000, 2_000, 4_000, 5_000, 5_000]) {
      await stage.fail();
      jest.advanceTimersByTime(pause - 1);
      expect(stage.pool.counts.creating).toBe(0);
      jest.advanceTimersByTime(1);
      expect(stage.pool.counts.creating).toBe(1);
    }
    expect(stage.failures).toHaveLength(5);
    await stage.make();
    expect(stage.pool.counts).toEqual({ warm: 1, creating: 0, waiting: 0 });
    await stage.pool.claim(never);
    jest.advanceTimersByTime(50);
    expect(stage.pool.counts.creating).toBe(1);
  });

  it('tells those who wait when the driver cannot work at all', async () => {
    const stage = staged({ bounds: { min: 0, max: 0 } });
    const claims = [stage.pool.claim(never), stage.pool.claim(never)].map((claim) =>
      expect(claim).rejects.toMatchObject({ code: 'driver_unavailable' }),
    );
    await stage.fail(new RunnerError('driver_unavailable', 'The daemon is gone.'));
    await Promise.all(claims);
  });

  it('is not able to give any while the driver is away and none is warm', async () => {
    const stage = staged({ bounds: { min: 1, max: 1 }, concurrency: 1 });
    stage.pool.open();
    expect(stage.pool.able).toBe(true);
    await stage.fail();
    expect(stage.pool.able).toBe(true);
    jest.advanceTimersByTime(1_000);
    await stage.fail(new RunnerError('driver_unavailable', 'The daemon is gone.'));
    expect(stage.pool.able).toBe(false);
    jest.advanceTimersByTime(2_000);
    await stage.make();
    expect(stage.pool.able).toBe(true);
  });

  it('ends the pause after failures as soon as one could be made', async () => {
    const stage = staged({ bounds: { min: 2, max: 2 }, concurrency: 1 });
    stage.pool.open();
    for (const pause of [1_000, 2_000, 4_000]) {
      await stage.fail();
      jest.advanceTimersByTime(pause);
    }
    await stage.fail();
    const claim = stage.pool.claim(never);
    await stage.make();
    await claim;
    expect(stage.pool.counts.creating).toBe(1);
    await stage.make();
    expect(stage.pool.counts).toEqual({ warm: 1, creating: 1, waiting: 0 });
  });

  it('removes a warm sandbox that ends by itself', async () => {
    const stage = staged();
    await stage.fill();
    stage.made[0]?.end('killed');
    await settled();
    expect(stage.made[0]?.destroyed).toBe(1);
    expect(stage.pool.counts.warm).toBe(1);
  });

  it('makes one with limits of its own past the warm ones', async () => {
    const stage = staged();
    await stage.fill();
    const claim = stage.pool.claimCold({ cpus: 2 }, never);
    const warm = await stage.make();
    expect(await claim).toMatchObject({ cold: true, warm });
    expect(stage.pool.counts.warm).toBe(2);
    warm.connection.close('the test is over');
  });

  it('stops: removes what is warm, gives up what is under way, refuses who waits and who comes', async () => {
    const stage = staged({ bounds: { min: 3, max: 3 }, concurrency: 1 });
    stage.pool.open();
    await stage.make();
    const claimed = await stage.pool.claim(never);
    const waiting: Promise<Claim> = stage.pool.claim(never);
    const refused = expect(waiting).rejects.toMatchObject({ code: 'draining' });
    await stage.pool.stop();
    await refused;
    await expect(stage.pool.claim(never)).rejects.toMatchObject({ code: 'draining' });
    await expect(stage.pool.claimCold({ cpus: 2 }, never)).rejects.toMatchObject({ code: 'draining' });
    expect(stage.made.map(({ destroyed }) => destroyed)).toEqual([0]);
    expect(claimed.warm.connection.closed).toBe(false);
  });

  it('waits at its stop until nothing is left of what was made past the warm ones, and says why it gave that up', async () => {
    const stage = staged();
    const claim = expect(stage.pool.claimCold({ cpus: 2 }, never)).rejects.toMatchObject({ code: 'draining' });
    const order = stage.orders[0];
    let undo: () => void = () => undefined;
    stage.undoing = new Promise((resolve) => (undo = resolve));
    let isStopped = false;
    const stopped = stage.pool.stop().then(() => (isStopped = true));
    await settled();
    expect(order?.signal.aborted).toBe(true);
    expect(isStopped).toBe(false);
    undo();
    await stopped;
    await claim;
  });

  it('hands out nothing that was made past the warm ones while it stops', async () => {
    const stage = staged();
    const claim = expect(stage.pool.claimCold({ cpus: 2 }, never)).rejects.toMatchObject({ code: 'draining' });
    const late = new FakeWarmSandbox(9);
    stage.orders[0]?.resolve(late);
    await stage.pool.stop();
    expect(late.destroyed).toBe(1);
    await claim;
  });

  it('hands out nothing while it stops, and removes what becomes ready then', async () => {
    const stage = staged({ bounds: { min: 2, max: 2 }, concurrency: 1 });
    stage.pool.open();
    const first = await stage.make();
    const late = new FakeWarmSandbox(9);
    const order = stage.orders[0];
    order?.resolve(late);
    const stopped = stage.pool.stop();
    await expect(stage.pool.claim(never)).rejects.toMatchObject({ code: 'draining' });
    await stopped;
    expect([first.destroyed, late.destroyed]).toEqual([1, 1]);
  });
});
