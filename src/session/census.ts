/** How many sessions there are in each state, counted as they change, so that a look at the numbers looks at no session. */
import type { SessionState } from './state.js';

export type Counts = Readonly<Record<SessionState, number>>;

export class Census {
  readonly #counts: Record<SessionState, number> = { starting: 0, running: 0, exited: 0, ended: 0 };

  /** Those that have ended are here until their sandbox is gone. */
  get counts(): Counts {
    return { ...this.#counts };
  }

  enter(state: SessionState): void {
    this.#counts[state] += 1;
  }

  change(from: SessionState, to: SessionState): void {
    this.leave(from);
    this.enter(to);
  }

  leave(state: SessionState): void {
    this.#counts[state] -= 1;
  }
}
