/** When to look at a replica again. Pure. */

/** Of the usual interval: how soon the first look follows a failure, which may have been a moment's. */
const firstShare = 1 / 16;
/** Of the interval, either way, so that a thousand replicas are not all looked at in the same moment. */
const jitter = 0.1;

/**
 * A replica that fails is looked at soon, then twice as late each time, but never later than others: one that comes back is
 * noticed as fast as one that is new.
 * @param failures how often it has failed since it last answered
 * @param random from 0 to 1
 */
export function lookIntervalMs(failures: number, pollMs: number, random: number): number {
  const share = failures === 0 ? 1 : Math.min(1, firstShare * 2 ** (failures - 1));
  return pollMs * share * (1 - jitter + 2 * jitter * random);
}
