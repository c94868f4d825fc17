/** One measured figure with its target, and the single times that it comes from, where there are such. */
export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** Null for a figure that only informs. */
  readonly target: Target | null;
  readonly pass: boolean;
  /** In the figure's unit. */
  readonly samples: readonly number[];
}

export interface Target {
  readonly bound: 'at most' | 'at least';
  readonly value: number;
}

export function figure(
  name: string,
  value: number,
  unit: string,
  { atMost, atLeast }: { atMost?: number; atLeast?: number } = {},
): Figure {
  const target = targetOf(atMost, atLeast);
  return { figure: name, value: Number(value.toPrecision(4)), unit, target, pass: meets(value, target), samples: [] };
}

/** The q-quantile of times, in ms, which it keeps. */
export function timesFigure(
  name: string,
  times: readonly number[],
  q: number,
  target: { atMost?: number } = {},
): Figure {
  return { ...figure(name, quantile(times, q), 'ms', target), samples: times };
}

/** The q-quantile, 0 to 1, of some values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

function targetOf(atMost: number | undefined, atLeast: number | undefined): Target | null {
  if (atMost !== undefined) return { bound: 'at most', value: atMost };
  return atLeast === undefined ? null : { bound: 'at least', value: atLeast };
}

/** NaN meets none. */
function meets(value: number, target: Target | null): boolean {
  if (target === null) return true;
  return target.bound === 'at most' ? value <= target.value : value >= target.value;
}
