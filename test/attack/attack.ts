/** What one attack is: a line of a table. How it is carried out is its door's, what it may not harm is `wellbeing`'s. */
import type { Scene } from './scene.js';

export type DriverName = 'docker' | 'bubblewrap';

/** The way in: carries the attack out and resolves with what came of it, in a line. */
export type Door = (scene: Scene) => Promise<string>;

export interface Attack {
  readonly name: string;
  readonly door: Door;
  /** What has to come of it, where it matters on each driver. */
  readonly expected: RegExp | Readonly<Record<DriverName, RegExp>>;
  /** The attacker's part can be played by the host's root alone. */
  readonly needsRoot?: true;
  /** Names of weaknesses that leave it without a wall on a driver; the operator has accepted them there. */
  readonly accepted?: Readonly<Partial<Record<DriverName, string>>>;
}

export function expectedOn(driver: DriverName, { expected }: Attack): RegExp {
  return expected instanceof RegExp ? expected : expected[driver];
}
