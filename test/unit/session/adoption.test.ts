import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { FoundSandbox, SandboxDriver } from '../../../src/sandbox/sandbox.js';
import { defaultLimits } from '../../../src/sandbox/limits.js';
import { Adoption, adoptionIntervalMs } from '../../../src/session/adoption.js';
import { Sessions } from '../../../src/session/sessions.js';
import { FakeDriver } from '../../doubles/fake-driver.js';
import { useFakeClock } from '../../doubles/fake-clock.js';
import { FakeWarmSandbox } from '../../doubles/fake-warm-sandbox.js';
import { settled } from '../../doubles/settled.js';

const rules = { idleMs: 60_000, detachGraceMs: 60_000, maxLifetimeMs: 60_000 };
const deaf = { onStarted: () => undefined, onEnded: () => undefined, onEndFailed: () => undefined };

class Stage {
  readonly destroyed: string[] = [];
  readonly failed: string[] = [];
  readonly driver: SandboxDriver;
  readonly adoption: Adoption;
  found: FoundSandbox[] = [];
  destroyError: Error | null = null;

  constructor() {
    const options = { replica: 'a', maxSessions: 5, defaultLimits, session: { rules, resumeGraceMs: 60_000 } };
    this.driver = Object.assign(new FakeDriver(new FakeWarmSandbox().sandbox), {
      list: () => Promise.resolve(this.found),
    });
    this.adoption = new Adoption(this.driver, new Sessions([], options, deaf), {
      replica: 'a',
      resumeGraceSeconds: 60,
      onAdopted: () => undefined,
      onFailed: (id) => this.failed.push(id),
    });
  }

  /** A sandbox that does not run. */
  corpse(sessionId: string, replica: string): FoundSandbox {
    const { spec } = new FakeWarmSandbox().sandbox;
    const unwanted = () => Promise.reject(new Error('nobody asks the dead'));
    return {
      spec: { ...spec, identity: { ...spec.identity, sessionId, replica } },
      createdAt: new Date(0),
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
