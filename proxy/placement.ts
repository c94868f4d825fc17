/**
 * Where a new session goes: the better of two random replicas, so that replicas fill evenly although the proxy's picture
 * of them is a moment old and other proxies choose at the same time. Pure.
 */
export interface Candidate {
  readonly url: string;
  /** Sandboxes that wait there for a session. */
  readonly warm: number;
  /** How many more sessions the replica takes; none or less when it is full as far as is known. */
  readonly free: number;
  /** Processes that want to run on its host, for each core. */
  readonly load: number;
}

/** Replicas that one start is offered to; each full one may take its time to say so. */
export const maxTries = 3;

/**
 * The replicas to try, in this order: the better of two random ones with room, then the better of the other one and a third,
 * and so on. Those that seem to be full come last, since sessions may have ended there.
 * @param random numbers from 0 to 1, 1 excluded
 */
export function placementOrder(candidates: readonly Candidate[], random: () => number): string[] {
  const roomy = candidates.filter(hasRoom);
  const full = roomy.length > maxTries ? [] : candidates.filter((candidate) => !hasRoom(candidate));
  const draw = (): Candidate | undefined => drawn(roomy, random) ?? drawn(full, random);
  const order: string[] = [];
  let left = draw();
  while (left !== undefined && order.length < maxTries) {
    const other = draw();
    const otherIsBetter = other !== undefined && compare(other, left) < 0;
    order.push(otherIsBetter ? other.url : left.url);
    if (!otherIsBetter) left = other;
  }
  return order;
}

function hasRoom({ free }: Candidate): boolean {
  return free > 0;
}

/** Below 0 when the first is the better one: room at all, then warm sandboxes, then free sessions, then load. */
function compare(a: Candidate, b: Candidate): number {
  return Number(hasRoom(b)) - Number(hasRoom(a)) || b.warm - a.warm || b.free - a.free || a.load - b.load;
}

/** Takes one at random out of them. */
function drawn(from: Candidate[], random: () => number): Candidate | undefined {
  const at = Math.floor(random() * from.length);
  const last = from.pop();
  const chosen = from[at];
  if (chosen === undefined || last === undefined) return last;
  from[at] = last;
  return chosen;
}
