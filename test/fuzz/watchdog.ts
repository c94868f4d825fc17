/**
 * Ends this process when one input takes too long: a thread of its own, since a loop without an end lets nothing else run.
 */
import { Worker } from 'node:worker_threads';

/** In 32-bit words: which input is being played, and whether one is. */
const words = 2;
const program = `
  const { workerData } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  const { shared, limitMs, words } = workerData;
  const state = new Int32Array(shared);
  let seen = [0, 0];
  let since = Date.now();
  setInterval(() => {
    const now = Array.from({ length: words }, (_, at) => Atomics.load(state, at));
    if (now[1] === 0 || now[0] !== seen[0]) {
      seen = now;
      since = Date.now();
    } else if (Date.now() - since > limitMs) {
      writeSync(1, JSON.stringify({ hang: now[0] }) + '\\n');
      process.kill(process.pid, 'SIGKILL');
    }
  }, 200);
`;

export class Watchdog {
  readonly #state: Int32Array;
  readonly #worker: Worker;

  constructor(limitMs: number) {
    const shared = new SharedArrayBuffer(4 * words);
    this.#state = new Int32Array(shared);
    this.#worker = new Worker(program, { eval: true, workerData: { shared, limitMs, words }, execArgv: [] });
    this.#worker.unref();
  }

  begin(input: number): void {
    Atomics.store(this.#state, 0, input);
    Atomics.store(this.#state, 1, 1);
  }

  end(): void {
    Atomics.store(this.#state, 1, 0);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
