/** The real way out, with what became of the connections through it. */
import { parseEntry } from '../../src/egress/allow-list.js';
import { Egress } from '../../src/egress/egress.js';
import type { EgressFacts } from '../../src/egress/session-egress.js';

export class WatchedWayOut {
  readonly egress: Egress;
  readonly facts: EgressFacts[] = [];
  /** Connections outwards that are open. */
  outwards = 0;

  /** @param places entries of the allow-list */
  constructor(places: readonly string[], resolve: () => Promise<readonly string[]> = () => Promise.resolve([])) {
    const entries = places.map(parseEntry).filter((entry) => entry !== null);
    this.egress = new Egress(
      { entries, maxConnections: 16, maxBytes: 2 ** 40, pipIndex: null, key: null },
      {
        resolve,
        listener: {
          onEnded: (facts) => this.facts.push(facts),
          onConnections: (change) => (this.outwards += change),
          onBytes: () => undefined,
        },
      },
    );
  }
}
