/**
 * How many warm sandboxes of a language to keep, and how many to make at once. Pure.
 * The pool follows the arrival rate: enough for the claims that are to be expected while one sandbox is made, twice over.
 */

export interface PoolBounds {
  readonly min: number;
  readonly max: number;
}

/** Claims are counted over this long; shorter forgets a class between two tasks, longer keeps memory for nothing. */
const rateWindowMs = 60_000;
/** A burst counts fully for this long, so that thirty learners who start at once find the second thirty prepared. */
const burstWindowMs = 10_000;

/** A pool follows this part of the claims of a minute. */
const claimsPerPlace = 4;

/** The claims that the target depends on: from a number on, which the maximum gives, older ones change nothing. */
export function claimsThatCount(bounds: PoolBounds, claims: readonly number[], now: number): number[] {
  const decisive = bounds.max * claimsPerPlace;
  return claims.filter((at, index) => now - at < rateWindowMs && claims.length - index <= decisive);
}

/** Moments of recent claims, newest last. */
export function targetSize(bounds: PoolBounds, claims: readonly number[], now: number): number {
  const burst = claims.filter((at) => now - at < burstWindowMs).length;
  const perMinute = claims.filter((at) => now - at < rateWindowMs).length;
  return Math.min(bounds.max, Math.max(bounds.min, burst, Math.ceil(perMinute / claimsPerPlace)));
}

export interface RefillState {
  readonly target: number;
  readonly warm: number;
  readonly creating: number;
  readonly waiting: number;
  /** How many more sessions this replica may take. */
  readonly room: number;
  readonly concurrency: number;
}

/** How many sandboxes to begin making now. */
export function refillCount(state: RefillState): number {
  const wanted = state.target + state.waiting - state.warm - state.creating;
  const room = state.room - state.warm - state.creating;
  return Math.max(0, Math.min(wanted, room, state.concurrency - state.creating));
}
