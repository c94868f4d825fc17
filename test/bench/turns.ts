/** Several things measured in turns, since a machine's load comes and goes. Pure. */
import { quantile } from './figure.js';

/** As many first places for each, so that none always comes behind the same other. */
export function inTurn<T>(things: readonly T[], round: number): readonly T[] {
  const at = round % things.length;
  return [...things.slice(at), ...things.slice(0, at)];
}

/** The median of the differences between turns that belong together, each told by its own median. */
export function medianAdded(without: readonly number[], through: readonly number[], perTurn: number): number {
  const differences: number[] = [];
  for (let at = 0; at < Math.min(without.length, through.length); at += perTurn) {
    const median = (times: readonly number[]): number => quantile(times.slice(at, at + perTurn), 0.5);
    differences.push(median(through) - median(without));
  }
  return quantile(differences, 0.5);
}
