/** One figure as a line of the table that is printed. Pure. */
import type { Figure } from './figure.js';

const nameWidth = 46;
const valueWidth = 10;
const countWidth = 6;

export function figureLine({ figure, value, unit, target, pass, samples }: Figure): string {
  const wanted = target === null ? '' : `${target.bound} ${target.value}`;
  const counted = (samples.length === 0 ? '' : `n ${samples.length}`).padEnd(countWidth);
  const mark = target === null ? ' ' : pass ? '✓' : '✗';
  return `${mark} ${figure.padEnd(nameWidth)} ${shown(value).padStart(valueWidth)} ${unit.padEnd(28)} ${counted} ${wanted}`.trimEnd();
}

/** In few digits, and whole where it is large. */
export function shown(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}
