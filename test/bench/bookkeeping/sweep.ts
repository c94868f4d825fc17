/** The look that a runner takes at all that its driver lists, every 10 s, where each sandbox is one of its own live sessions. */
import { newSessionId } from '../../../src/ids.js';
import { LanguagePools } from '../../../src/pool/language-pools.js';
import { defaultLimits } from '../../../src/sandbox/limits.js';
import { Adoption } from '../../../src/session/adoption.js';
import { Sessions } from '../../../src/session/sessions.js';
import { specFor } from '../container-spec.js';
import { inTurn } from '../turns.js';
import { MemoryDriver } from './memory-driver.js';

const rounds = 30;
const warmUpRounds = 10;
const rules = { idleMs: 60_000, detachGraceMs: 60_000, maxLifetimeMs: 60_000 };
const nobody = (): void => undefined;
const deaf = {
  ...{ onStarted: nobody, onEnded: nobody, onEndFailed: nobody },
  ...{ onExited: nobody, onRestarted: nobody, onRecovered: nobody },
};

/** Sessions that are there by their ids alone. */
class Named extends Sessions {
  readonly #ids: ReadonlySet<string>;

  constructor(ids: ReadonlySet<string>, replica: string) {
    const options = { replica, maxSessions: ids.size, session: { rules, resumeGraceMs: 60_000 } };
    super(new LanguagePools([], defaultLimits), options, deaf);
    this.#ids = ids;
  }

  override has(id: string): boolean {
    return this.#ids.has(id);
  }
}

/** Resolves to one sweep beside so many sessions: the first of a runner, which is the longest. */
async function sweepBeside(live: number): Promise<() => Promise<void>> {
  const driver = new MemoryDriver();
  const spec = await specFor('none');
  const { replica } = spec.identity;
  const ids = new Set(Array.from({ length: live }, () => newSessionId(replica)));
  for (const sessionId of ids) {
    await driver.create({ ...spec, identity: { sessionId, viewId: newSessionId(replica), replica } });
  }
  const sessions = new Named(ids, replica);
  return async () => {
    const listener = { onListed: nobody, onAdopted: nobody, onFailed: nobody };
    const adoption = new Adoption(
      { driver, sessions },
      { replica, resumeGraceSeconds: 60, maxAgeMs: Infinity },
      listener,
    );
    await adoption.open();
    adoption.stop();
  };
}

/** Milliseconds of sweeps beside each of these numbers of sessions, measured in turns. */
export async function sweepTimes(counts: readonly number[]): Promise<Map<number, number[]>> {
  const sweeps = await Promise.all(
    counts.map(async (live) => ({ live, times: new Array<number>(), sweep: await sweepBeside(live) })),
  );
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    for (const { sweep, times } of inTurn(sweeps, round + warmUpRounds)) {
      const since = performance.now();
      await sweep();
      if (round >= 0) times.push(performance.now() - since);
    }
  }
  return new Map(sweeps.map(({ live, times }) => [live, times]));
}
