/** Which sessions each client has started through this proxy, as far as is known, and how many are being started. Pure. */

/** Of all clients; beyond it the client that has been away the longest is forgotten. */
const maxIds = 100_000;

interface Account {
  readonly ids: Set<string>;
  starting: number;
}

export class SessionLedger {
  readonly #accounts = new Map<string, Account>();
  #ids = 0;

  /** Sessions of the client, those included that are being started. */
  count(client: string): number {
    const account = this.#accounts.get(client);
    return account === undefined ? 0 : account.ids.size + account.starting;
  }

  /** Oldest first. */
  idsOf(client: string): readonly string[] {
    return [...(this.#accounts.get(client)?.ids ?? [])];
  }

  /** A start has begun; `started` or `failed` follows. */
  begin(client: string): void {
    const account = this.#accounts.get(client) ?? { ids: new Set(), starting: 0 };
    account.starting += 1;
    // Behind those who have been away for longer.
    this.#accounts.delete(client);
    this.#accounts.set(client, account);
  }

  started(client: string, id: string): void {
    const account = this.#accounts.get(client);
    if (account === undefined) return;
    account.starting -= 1;
    account.ids.add(id);
    this.#ids += 1;
    this.#makeRoom();
  }

  failed(client: string): void {
    const account = this.#accounts.get(client);
    if (account === undefined) return;
    account.starting -= 1;
    this.#dropIfEmpty(client, account);
  }

  /** The session is over. */
  forget(client: string, id: string): void {
    const account = this.#accounts.get(client);
    if (account?.ids.delete(id) !== true) return;
    this.#ids -= 1;
    this.#dropIfEmpty(client, account);
  }

  #dropIfEmpty(client: string, { ids, starting }: Account): void {
    if (ids.size === 0 && starting === 0) this.#accounts.delete(client);
  }

  #makeRoom(): void {
    for (const [client, account] of this.#accounts) {
      if (this.#ids <= maxIds) return;
      this.#ids -= account.ids.size;
      account.ids.clear();
      this.#dropIfEmpty(client, account);
    }
  }
}
