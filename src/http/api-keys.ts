/** The keys that callers may show, and whose they are. It reads no file; whoever does replaces them here. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from '../config/parse-api-keys.js';

/** Whose a call is where no key is asked for. */
export const anonymous = 'anonymous';

export class ApiKeys {
  #keys: readonly { readonly name: string; readonly digest: Buffer }[] = [];

  constructor(keys: readonly ApiKey[]) {
    this.replace(keys);
  }

  /** Whether a call needs a key at all. */
  get required(): boolean {
    return this.#keys.length > 0;
  }

  /** Takes effect with the next call; what was let in before stays. */
  replace(keys: readonly ApiKey[]): void {
    this.#keys = keys.map(({ name, key }) => ({ name, digest: digest(key) }));
  }

  /** Whose this key is, or null when it is nobody's. Takes the same time for every wrong key, and for every right one. */
  nameOf(given: string | undefined): string | null {
    if (!this.required) return anonymous;
    if (given === undefined) return null;
    const asked = digest(given);
    let found: string | null = null;
    for (const { name, digest: known } of this.#keys) if (timingSafeEqual(known, asked)) found = name;
    return found;
  }
}

/** Digests have one length, which timingSafeEqual needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
