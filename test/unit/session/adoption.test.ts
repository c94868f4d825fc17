import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PassThrough, Readable } from 'node:stream';
import { encodeFrame, frameTypes } from '../../../src/agent/frame.js';
import type { FoundSandbox, SandboxDriver } from '../../../src/sandbox/sandbox.js';
import { defaultLimits } from '../../../src/sandbox/limits.js';
import { LanguagePools } from '../../../src/pool/language-pools.js';
import { Adoption, adoptionIntervalMs } from '../../../src/session/adoption.js';
import { Sessions } from '../../../src/session/sessions.js';
import { FakeDriver } from '../../doubles/fake-driver.js';
import { deaf } from '../../doubles/double-sessions.js';
import { useFakeClock } from '../../doubles/fake-clock.js';
import { FakeWarmSandbox } from '../../doubles/fake-warm-sandbox.js';
import { settled } from '../../doubles/settled.js';

const unheld = encodeFrame(frameTypes.unheld);
const maxAgeMs = 3_600_000;
const rules = { idleMs: 60_000, detachGraceMs: 60_000, maxLifetimeMs: 60_000 };
class Recoverable extends Sessions {
  lost = false;
  override get recovering(): boolean {
    return this.lost;
  }
}

class Stage {
  readonly destroyed: string[] = [];
  readonly failed: string[] = [];
  readonly listed: number[] = [];
  readonly driver: SandboxDriver;
  readonly adoption: Adoption;
  readonly sessions: Recoverable;
  found: FoundSandbox[] = [];
  destroyError: Error | null = null;

  constructor() {
    const options = { replica: 'a', maxSessions: 5, session: { rules, resumeGraceMs: 60_000 } };
    this.driver = Object.assign(new FakeDriver(new FakeWarmSandbox().sandbox), {
      list: () => Promise.resolve(this.found),
    });
    this.sessions = new Recoverable(new LanguagePools([], defaultLimits), options, deaf);
    this.adoption = new Adoption(
      { driver: this.driver, sessions: this.sessions },
      { replica: 'a', resumeGraceSeconds: 60, maxAgeMs },
      {
        onListed: (count) => this.listed.push(count),
        onAdopted: () => undefined,
        onFailed: (id) => this.failed.push(id),
      },
    );
  }

  /** A sandbox that does not run. */
  corpse(sessionId: string, replica: string): FoundSandbox {
    const { spec } = new FakeWarmSandbox().sandbox;
    const unwanted = () => Promise.reject(new Error('nobody asks the dead'));
    return {
      spec: { ...spec, identity: { ...spec.identity, sessionId, replica } },
      createdAt: new Date(),
      dead: true,
      reattach: unwanted,
      listen: unwanted,
      destroy: () => {
        if (this.destroyError !== null) return Promise.reject(this.destroyError);
        this.destroyed.push(sessionId);
        this.found = this.found.filter(({ spec: { identity } }) => identity.sessionId !== sessionId);
        return Promise.resolve();
      },
    };
  }
}

describe('Adoption', () => {
  let stage: Stage;
  beforeEach(() => {
    useFakeClock();
    stage = new Stage();
  });
  afterEach(() => {
    stage.adoption.stop();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('removes sandboxes that never ran, whoever made them', async () => {
    stage.found = [stage.corpse('a.1', 'a'), stage.corpse('b.1', 'b')];
    await stage.adoption.open();
    await settled();
    expect(stage.destroyed).toEqual(['a.1', 'b.1']);
    expect(stage.failed).toEqual([]);
    expect(stage.listed).toEqual([0]);
  });

  it('counts those of its own name that run, and not those of siblings', async () => {
    const silent = { dead: false, listen: () => Promise.reject(new Error('nobody listens here')) };
    await stage.adoption.open();
    stage.found = ['a', 'a', 'b'].map((replica, index) => ({
      ...stage.corpse(`${replica}.${index}`, replica),
      ...silent,
    }));
    jest.advanceTimersByTime(adoptionIntervalMs);
    await settled();
    expect(stage.listed).toEqual([0, 2]);
  });

  it('lets the runner start although one that it has left behind does not answer', async () => {
    const reattach = jest.fn(() => new Promise<never>(() => undefined));
    stage.found = [{ ...stage.corpse('a.1', 'a'), dead: false, reattach }];
    const opened = stage.adoption.open();
    await settled();
    expect(reattach).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(10_000);
    await opened;
    expect(stage.failed).toEqual([]);
  });

  it('lets others have their turn while it looks at a long listing', async () => {
    const count = 5_000;
    stage.found = Array.from({ length: count }, (_, index) => ({ ...stage.corpse(`b.${index}`, 'b'), dead: false }));
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      if (stage.listed.length === 0) setImmediate(turn);
    };
    setImmediate(turn);
    await stage.adoption.open();
    expect(stage.listed).toEqual([0]);
    expect(turns).toBeGreaterThanOrEqual(4);
    await settled();
    expect(stage.failed).toHaveLength(count);
  });

  it('takes up what a sibling has left, but not right after an outage', async () => {
    let asked = 0;
    const left: FoundSandbox = {
      ...stage.corpse('b.1', 'b'),
      dead: false,
      listen: () => Promise.resolve(Object.assign(Readable.from([unheld]), { close: () => undefined })),
      reattach: () => {
        asked += 1;
        return Promise.reject(new Error('this is as far as it goes'));
      },
    };
    stage.found = [left];
    stage.sessions.lost = true;
    await stage.adoption.open();
    await settled();
    expect(asked).toBe(0);
    stage.sessions.lost = false;
    jest.advanceTimersByTime(adoptionIntervalMs);
    await settled();
    expect(asked).toBeGreaterThan(0);
  });

  describe('hears of what a sibling may hold', () => {
    const line = encodeFrame(frameTypes.output, Buffer.alloc(8), Buffer.from('a line that a program prints'));
    const pong = encodeFrame(frameTypes.pong);

    it.each([
      ['a beacon behind what a program prints', [line, line, unheld], true],
      ['an answer to a ping behind what a program prints', [line, line, pong], false],
      ['an answer to a new holder', [Buffer.concat([unheld, pong])], false],
      ['an end of its lease', [Buffer.concat([pong, unheld])], true],
      ['more than anybody has left credit for', [Buffer.alloc(1024 * 1024, line), unheld], false],
      ['nothing but what a program prints until the end', [line, line], true],
    ])('%s', async (_what, heard, taken) => {
      const reattach = jest.fn(() => Promise.reject(new Error('this is as far as it goes')));
      const listen = () => Promise.resolve(Object.assign(Readable.from(heard), { close: () => undefined }));
      stage.found = [{ ...stage.corpse('b.1', 'b'), dead: false, listen, reattach }];
      await stage.adoption.open();
      await settled();
      expect(reattach).toHaveBeenCalledTimes(taken ? 1 : 0);
    });
  });

  describe('listens to an agent that says nothing and does not end', () => {
    it.each([
      ['no longer than its lease lasts, and takes it up', 'late', 1],
      ['no longer than the runner lives, and leaves it alone', 'stopped', 0],
    ])('%s', async (_what, end, taken) => {
      const late = new AbortController();
      const timeout = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(late.signal);
      const silent = new PassThrough();
      const listen = () => Promise.resolve(Object.assign(silent, { close: () => silent.end() }));
      const reattach = jest.fn(() => Promise.reject(new Error('this is as far as it goes')));
      stage.found = [{ ...stage.corpse('b.1', 'b'), dead: false, listen, reattach }];
      await stage.adoption.open();
      await settled();
      timeout.mockRestore();
      expect(silent.writableEnded).toBe(false);
      if (end === 'late') late.abort();
      else stage.adoption.stop();
      await settled();
      expect(silent.writableEnded).toBe(true);
      expect(reattach).toHaveBeenCalledTimes(taken);
    });
  });

  it.each([
    ['removes what is older than any session may be, whoever seems to hold it', maxAgeMs + 1, 'b', ['b.1']],
    ['removes what is of its own name and older than any session may be', maxAgeMs + 1, 'a', ['a.1']],
    ['leaves what is as old as a session may be', maxAgeMs, 'b', []],
  ] as const)('%s', async (_which, age, replica, destroyed) => {
    const held = Readable.from([encodeFrame(frameTypes.pong)]);
    const listen = jest.fn(() => Promise.resolve(Object.assign(held, { close: () => undefined })));
    const createdAt = new Date(Date.now() - age);
    stage.found = [{ ...stage.corpse(`${replica}.1`, replica), dead: false, listen, createdAt }];
    await stage.adoption.open();
    await settled();
    expect(stage.destroyed).toEqual(destroyed);
  });

  it('removes those that are left while it runs, and tries again where that fails', async () => {
    await stage.adoption.open();
    stage.found = [stage.corpse('a.1', 'a')];
    stage.destroyError = new Error('the daemon is gone');
    jest.advanceTimersByTime(adoptionIntervalMs);
    await settled();
    expect(stage.failed).toEqual(['a.1']);
    stage.destroyError = null;
    jest.advanceTimersByTime(adoptionIntervalMs);
    await settled();
    expect(stage.destroyed).toEqual(['a.1']);
  });
});
