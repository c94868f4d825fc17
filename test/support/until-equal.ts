/** Waits for a value that can only be looked at, and says what it is instead. */
import { eventually } from './eventually.js';

export async function untilEqual<T extends number | string>(
  look: () => T | Promise<T>,
  wanted: T,
  waitMs?: number,
): Promise<void> {
  let seen: T | null = null;
  const isEqual = async (): Promise<boolean> => {
    seen = await look();
    return seen === wanted;
  };
  await eventually(() => `${wanted}, but ${String(seen)}`, isEqual, waitMs);
}
