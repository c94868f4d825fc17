/**
 * The end of this command from outside: a signal, a reader that went away, a terminal that hung up. The first one asks
 * for a tidy end, which has a bound; a second one does not wait for it.
 */
import { exitCodeOf } from './exit-code.js';

/** Deleting the session and stopping a runner of one's own must be over by then. */
const tidyMs = 30_000;
const heeded = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

export type EndingSignal = (typeof heeded)[number] | 'SIGPIPE';

export class Ending {
  readonly #controller = new AbortController();
  #exitCode: number | null = null;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 128 + n once the end was asked for, else null. */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  listen(): void {
    for (const name of heeded) {
      process.on(name, () => {
        this.ask(name);
      });
    }
    process.stdout.on('error', () => {
      this.#askOnce('SIGPIPE');
    });
    process.stderr.on('error', () => undefined);
  }

  ask(name: EndingSignal): void {
    if (this.#exitCode !== null) process.exit(this.#exitCode);
    this.#askOnce(name);
  }

  #askOnce(name: EndingSignal): void {
    if (this.#exitCode !== null) return;
    const code = exitCodeOf({ exitCode: null, signal: name });
    this.#exitCode = code;
    setTimeout(() => process.exit(code), tidyMs).unref();
    this.#controller.abort(new Error(`ended by ${name}`));
  }
}
