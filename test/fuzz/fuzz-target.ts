/**
 * What is fuzzed: something that takes hostile input, with valid inputs to start from and an oracle that says what may come of
 * one. A target makes each input from the random numbers that it is given alone, so that any of them can be played again.
 */
import type { Random } from '../support/random.js';

export interface OpenTarget {
  /** Makes one input, gives it to what is tested and judges what came of it: throws or rejects where that may not be. */
  play(random: Random): Promise<void> | void;
  /** Now and then, and at the end: what is tested still serves others and has nothing left of the inputs. */
  check?(): Promise<void> | void;
  /** Lets go of everything, and throws where something is left behind. */
  close?(): Promise<void> | void;
}

export interface FuzzTarget {
  readonly name: string;
  /** What gets the inputs, and what they are. */
  readonly about: string;
  /** The inputs that `npm test` plays. */
  readonly short: number;
  open(): Promise<OpenTarget>;
}

/** Something came of an input that may not. */
export class Find extends Error {
  override readonly name = 'Find';
}

/** Throws Find unless it holds. */
export function must(holds: boolean, otherwise: () => string): void {
  if (!holds) throw new Find(otherwise());
}

/** What it returns, or null where it throws an error of this kind, which is how it says no. Other errors pass. */
export function unless<T>(refusal: abstract new (...parameters: never[]) => Error, act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (error instanceof refusal) return null;
    throw error;
  }
}
