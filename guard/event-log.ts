/**
 * The guard's log: one JSON line for each call that it did not pass on. A runner that was taken over could ask without end, so
 * the lines are bounded in number; the metrics count every one.
 */
import { destination, pino, stdTimeFunctions, type LevelWithSilent } from 'pino';
import { TokenBuckets } from '../src/token-bucket.js';

export interface GuardEvent {
  readonly name: 'call-refused' | 'call-failed';
  readonly call: string;
  readonly status: number;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly reason: string;
}

const lines = { perSecond: 5, burst: 100 };
const shownPath = 200;
/** The unguessable part of a session's id, as containers are named after it. */
const uuidTail = /([0-9a-f]{4})[0-9a-f]{4}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** What a log may show of a path. */
export function shownPathOf(target: string): string {
  const [path = ''] = target.split('?', 1);
  return path.slice(0, shownPath).replaceAll(uuidTail, '$1…');
}

/** Lines go to standard output, written in the background. */
export function createEventLog(level: LevelWithSilent): (event: GuardEvent) => void {
  const logger = pino(
    { level, base: null, timestamp: stdTimeFunctions.isoTime },
    destination({ dest: 1, sync: false }),
  );
  const budget = new TokenBuckets(lines);
  return ({ name, ...fields }) => {
    if (budget.take(name, performance.now()) > 0) return;
    if (name === 'call-refused') logger.warn(fields, name);
    else logger.error(fields, name);
  };
}
