/**
 * Plays inputs of one target, one after the other, and collects what is found. An input is made from the seed, the target's name
 * and its own number, so that it can be played alone. What a target leaves behind is a find as well.
 */
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { within } from '../doubles/within.js';
import { Random } from '../support/random.js';
import type { FuzzTarget, OpenTarget } from './fuzz-target.js';
import { mustNotGrow, resources, type Resources } from './resources.js';
import { Watchdog } from './watchdog.js';

export interface FuzzOptions {
  readonly seed: number;
  /** Number of the first input. */
  readonly first: number;
  /** Whichever is reached first. */
  readonly maxInputs: number;
  readonly maxSeconds: number;
}

export interface Found {
  /** Of the input; something that came late may belong to one shortly before. */
  readonly input: number;
  readonly what: string;
}

export interface Tally {
  readonly inputs: number;
  readonly seconds: number;
  readonly found: readonly Found[];
}

/** More than any wait inside an input, which says more of what is wrong. */
const inputMs = 30_000;
const checkMs = 30_000;
/** Rejections that nobody handles are told between inputs, and `check` is called, after so many, or so long. */
const roundInputs = 500;
const roundMs = 2_000;
/** Caches, compiled code and pools are there by then. */
const warmRounds = 6;
/** One mistake makes many finds; these tell enough. */
const maxFound = 5;

export class Fuzzing {
  readonly #target: FuzzTarget;
  readonly #options: FuzzOptions;
  readonly #found: Found[] = [];
  readonly #watchdog = new Watchdog(2 * inputMs);
  #input: number;
  #open: OpenTarget | null = null;

  constructor(target: FuzzTarget, options: FuzzOptions) {
    this.#target = target;
    this.#options = options;
    this.#input = options.first;
    const late = (error: unknown): void => {
      this.#note(error);
    };
    process.on('uncaughtException', late).on('unhandledRejection', late);
  }

  async run(): Promise<Tally> {
    const { first, maxInputs, maxSeconds } = this.#options;
    const since = performance.now();
    let rounds = 0;
    let before: Resources | null = null;
    const over = (): boolean =>
      this.#found.length >= maxFound ||
      this.#input - first >= maxInputs ||
      performance.now() - since >= maxSeconds * 1000;
    while (!over()) {
      this.#open ??= await this.#target.open();
      await this.#round(this.#open, over);
      rounds += 1;
      if (rounds === warmRounds) before = await resources();
    }
    const seconds = (performance.now() - since) / 1000;
    await this.#judge(async () => {
      if (before !== null && this.#found.length === 0) mustNotGrow(before, await resources());
    });
    await this.#judge(async () => await this.#open?.close?.());
    await this.#watchdog.stop();
    return { inputs: this.#input - first, seconds, found: this.#found };
  }

  async #round(open: OpenTarget, over: () => boolean): Promise<void> {
    const since = performance.now();
    const known = this.#found.length;
    for (let left = roundInputs; left > 0 && !over() && performance.now() - since < roundMs; left -= 1) {
      await this.#play(open);
      this.#input += 1;
      if (this.#found.length > known) break;
    }
    await setImmediate();
    if (this.#found.length === known) {
      await this.#judge(() => within('check', Promise.resolve(open.check?.()), checkMs));
    }
    if (this.#found.length === known) return;
    // It may be broken by now; the next input gets a new one.
    this.#open = null;
    await Promise.resolve(open.close?.()).catch(() => undefined);
  }

  async #play(open: OpenTarget): Promise<void> {
    const random = new Random(seedOf(this.#options.seed, this.#target.name, this.#input));
    this.#watchdog.begin(this.#input);
    try {
      const since = performance.now();
      const playing = open.play(random);
      if (playing instanceof Promise) await within('end of the input', playing, inputMs);
      else if (performance.now() - since > inputMs) throw new Error(`it took ${performance.now() - since} ms`);
    } catch (error) {
      this.#note(error);
    }
    this.#watchdog.end();
  }

  async #judge(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#note(error);
    }
  }

  #note(error: unknown): void {
    this.#found.push({ input: this.#input, what: inspect(error, { depth: 4 }) });
  }
}

/** FNV-1a over the name, then one step of a multiplicative hash over the numbers. */
export function seedOf(seed: number, name: string, input: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return Math.imul(hash ^ seed, 0x9e3779b1) ^ Math.imul(input + 1, 0x85ebca6b);
}
