/**
 * Watches one upgrade from the dial to the end of its tunnel, and sees to it that neither socket outlives the other: what
 * http-proxy-3 leaves open when a client resets before the 101, when a replica never answers, or when one side closes
 * halfway. Idle tunnels live as long as both sides want.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

export interface UpgradeBounds {
  /** For the whole answer to the upgrade. */
  readonly upgradeTimeoutMs: number;
  /** What one side has to take the rest of the other's bytes when that one has ended. */
  readonly closeGraceMs: number;
}

/** The replica took the connection but did not answer. */
export class UpgradeTimeoutError extends Error {
  readonly code = 'EUPGRADETIMEOUT';

  constructor(timeoutMs: number) {
    super(`no answer to the upgrade within ${timeoutMs} ms`);
    this.name = 'UpgradeTimeoutError';
  }
}

export class UpgradeGuard {
  readonly #client: Duplex;
  readonly #bounds: UpgradeBounds;
  readonly #onOpened: () => void;
  #upstream: Duplex | null = null;
  #sent: ClientRequest | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** Whether anything of an answer has gone to the client, so that no other can. */
  answered = false;

  constructor(client: Duplex, bounds: UpgradeBounds, onOpened: () => void) {
    this.#client = client;
    this.#bounds = bounds;
    this.#onOpened = onOpened;
  }

  /** Takes over the request that asks the replica for the upgrade, before it is sent. */
  watch(sent: ClientRequest): void {
    this.#sent = sent;
    const { upgradeTimeoutMs } = this.#bounds;
    this.#timer = setTimeout(() => {
      sent.destroy(new UpgradeTimeoutError(upgradeTimeoutMs));
      if (this.answered) this.#client.destroy();
    }, upgradeTimeoutMs);
    sent.once('upgrade', (_answer: IncomingMessage, upstream: Duplex) => {
      this.#opened(upstream);
    });
    sent.once('response', (answer: IncomingMessage) => {
      this.answered = true;
      answer.on('error', () => undefined);
      answer.once('close', () => {
        clearTimeout(this.#timer);
        if (answer.complete) this.#client.end();
        this.#closing();
      });
    });
    sent.once('close', () => {
      if (this.#upstream === null && !this.answered) clearTimeout(this.#timer);
    });
    this.#client.once('close', () => {
      if (this.#upstream === null) sent.destroy();
      this.#closing();
    });
  }

  /** Ends the tunnel at once. */
  destroy(): void {
    this.#client.destroy();
    this.#upstream?.destroy();
    if (this.#upstream === null) this.#sent?.destroy();
  }

  #opened(upstream: Duplex): void {
    clearTimeout(this.#timer);
    this.answered = true;
    this.#upstream = upstream;
    this.#onOpened();
    for (const socket of [this.#client, upstream]) {
      socket.once('error', () => {
        this.destroy();
      });
      for (const event of ['end', 'close']) {
        socket.once(event, () => {
          this.#closing();
        });
      }
    }
    if (this.#client.destroyed) upstream.destroy();
  }

  /** One side has ended; the other gets the rest of its bytes, and a bounded time to take them. */
  #closing(): void {
    clearTimeout(this.#timer);
    const open = [this.#client, this.#upstream].filter((socket) => socket !== null && !socket.destroyed);
    if (open.length === 0) return;
    this.#timer = setTimeout(() => {
      this.destroy();
    }, this.#bounds.closeGraceMs);
  }
}
