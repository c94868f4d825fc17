/**
 * The rule of flow (design D4) as a pure function: how far the agent may read the PTY, and how far it may send the log.
 * A `repl.v1` owner that is attached, or left less than the grace ago, holds the program back so that nothing is lost; a
 * raw owner does so while attached; without an owner the program runs free and the log keeps the newest.
 */
import { unlimited } from '../agent/agent-connection.js';
import { logCapacityBytes } from './output-log.js';

/** Output that may be on its way from the agent; renewed at half. */
export const sendWindowBytes = 512 * 1024;

export type OwnerFlow =
  | { readonly kind: 'none' }
  /** Attached, or away within the grace: what it has acknowledged, or what its raw socket has taken. */
  | { readonly kind: 'governed'; readonly acknowledged: number };

/** The absolute offset beyond which the PTY is not read. */
export function readLimit(owner: OwnerFlow): bigint {
  return owner.kind === 'none' ? unlimited : BigInt(owner.acknowledged + logCapacityBytes);
}

/** Whether a new limit is worth a frame: always when it lowers or lifts the rule, else at steps of an eighth of the log. */
export function worthTelling(previous: bigint, next: bigint): boolean {
  if (previous === next) return false;
  if (previous === unlimited || next === unlimited || next < previous) return true;
  return next - previous >= BigInt(logCapacityBytes / 8);
}
