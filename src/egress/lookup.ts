/**
 * Looks names up with the runner's own resolver: one question a name at a time, whoever asks, within a bound. It remembers no
 * answer, so that each connection is judged by a new one.
 */
import { lookup } from 'node:dns/promises';
import { late, within } from '../within.js';
import { EgressRefusal } from './egress-refusal.js';

/** The addresses of a name, best first. Rejects where it has none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

const lookupTimeoutMs = 5_000;
/** Of one name. */
const maxAddresses = 32;

/** As the host's own programs resolve names, its hosts file included. */
export const systemResolve: Resolve = async (name) =>
  (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);

export class Lookups {
  readonly #resolve: Resolve;
  readonly #underWay = new Map<string, Promise<readonly string[]>>();

  constructor(resolve: Resolve) {
    this.#resolve = resolve;
  }

  /** Rejects with EgressRefusal `unresolved`. */
  async addresses(name: string): Promise<readonly string[]> {
    const asked = this.#underWay.get(name) ?? this.#ask(name);
    const addresses = await within(lookupTimeoutMs, asked).catch((cause: unknown) => {
      throw new EgressRefusal('unresolved', name, { cause });
    });
    if (addresses === late) throw new EgressRefusal('unresolved', `${name} (no answer)`);
    return addresses.slice(0, maxAddresses);
  }

  #ask(name: string): Promise<readonly string[]> {
    const asked = this.#resolve(name).finally(() => {
      this.#underWay.delete(name);
    });
    this.#underWay.set(name, asked);
    asked.catch(() => undefined); // whoever asked hears of it
    return asked;
  }
}
