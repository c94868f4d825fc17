/**
 * Beats of an interval: what is done at each, by many who began at the same moment or were held up together, is spread over
 * the whole of it, since each has a place of its own there. Pure.
 */

/** So many places has an interval. */
export const beatPlaces = 100;

/** The first beat at this place after that moment, in milliseconds as well. */
export function nextBeat(intervalMs: number, place: number, after: number): number {
  const offset = (place * intervalMs) / beatPlaces;
  return (Math.floor((after - offset) / intervalMs) + 1) * intervalMs + offset;
}
