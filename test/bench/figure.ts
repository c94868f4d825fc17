/** One measured figure with its target, printed as a line of JSON. */
export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** The most, or with `atLeast` the least, that the value may be; null for a figure that only informs. */
  readonly target: number | null;
  readonly pass: boolean;
}

export function figure(
  name: string,
  value: number,
  unit: string,
  target: { atMost?: number; atLeast?: number } = {},
): Figure {
  const { atMost, atLeast } = target;
  const pass = (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast);
  return { figure: name, value: Number(value.toPrecision(4)), unit, target: atMost ?? atLeast ?? null, pass };
}

/** The q-quantile, 0 to 1, of some values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
