/** A learner in another session of the runner that is attacked, who types on and notes how long each answer takes. */
import { setTimeout as pause } from 'node:timers/promises';
import type { TerminalClient } from '../support/terminal-client.js';

/** A fast typist's pace. */
const paceMs = 100;

export class Neighbour {
  #typed = 0;

  constructor(
    readonly id: string,
    readonly terminal: TerminalClient,
  ) {}

  /** Types a line and resolves with the milliseconds until its result and the next prompt are there. */
  async echo(): Promise<number> {
    const number = 1000 + (this.#typed += 1);
    const typedAt = performance.now();
    const answer = await this.terminal.run(`${number} * 1000 + 7`);
    if (!answer.includes(`${number}007`)) throw new Error(`the neighbour was told ${JSON.stringify(answer)}`);
    return performance.now() - typedAt;
  }

  /** Types while `work` goes on; resolves with what came of it and the slowest answer. */
  async typeDuring<T>(work: Promise<T>): Promise<{ result: T; slowestMs: number }> {
    const progress = { over: false };
    const settled = work.finally(() => (progress.over = true));
    settled.catch(() => undefined);
    let slowestMs = 0;
    do {
      slowestMs = Math.max(slowestMs, await this.echo());
      await Promise.race([settled, pause(paceMs)]);
    } while (!progress.over);
    return { result: await settled, slowestMs };
  }
}
