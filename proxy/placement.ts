/**
 * Where a new session goes: the better of two random replicas, so that replicas fill evenly although the proxy's picture
 * of them is a moment old and other proxies choose at the same time. Pure.
 */
export interface Candidate {
  readonly url: string;
  /** How many more sessions the replica takes. */
  readonly free: number;
}

/**
 * All candidates in the order in which to try them: the better of two random ones, the other one, then the rest shuffled.
 * @param random numbers from 0 to 1, 1 excluded
 */
export function placementOrder(candidates: readonly Candidate[], random: () => number): string[] {
  const [first, second, ...rest] = shuffled(candidates, random);
  if (first === undefined || second === undefined) return candidates.map(({ url }) => url);
  const two = first.free >= second.free ? [first, second] : [second, first];
  return [...two, ...rest].map(({ url }) => url);
}

function shuffled(candidates: readonly Candidate[], random: () => number): Candidate[] {
  return candidates
    .map((candidate) => ({ candidate, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ candidate }) => candidate);
}
