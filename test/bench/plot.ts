/** Plots as SVG, which a page can hold without anything else. Pure. */

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  readonly title: string;
  readonly scale: 'linear' | 'logarithmic';
}

const [width, height] = [760, 300];
const margin = { left: 60, right: 16, top: 12, bottom: 40 };
const plotWidth = width - margin.left - margin.right;
const plotHeight = height - margin.top - margin.bottom;
/** Distinct for the colour-blind, on light and dark. */
const colours = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9', '#7f7f7f', '#b8a900'] as const;

/** The part of the samples that is at most as large as each, in percent: steep is good, a long tail is not. */
export function distribution(name: string, samples: readonly number[]): Line {
  const sorted = [...samples].sort((a, b) => a - b);
  return { name, points: sorted.map((value, at) => [value, ((at + 1) / sorted.length) * 100] as const) };
}

export function plot(lines: readonly Line[], x: Axis, y: Axis): string {
  const points = lines.flatMap((line) => line.points);
  const [toX, toY] = [
    along(
      points.map(([value]) => value),
      x,
    ),
    along(
      points.map(([, value]) => value),
      y,
    ),
  ];
  const at = ([px, py]: readonly [number, number]): string =>
    `${(margin.left + toX.place(px) * plotWidth).toFixed(1)},${(margin.top + (1 - toY.place(py)) * plotHeight).toFixed(1)}`;
  const drawn = lines.map(
    ({ points: own }, index) =>
      `<polyline fill="none" stroke="${colour(index)}" stroke-width="2" points="${own.map(at).join(' ')}"/>`,
  );
  const marks = [
    ...toX.ticks.map((tick) =>
      tickMark(margin.left + toX.place(tick) * plotWidth, height - margin.bottom + 16, tick, 'x'),
    ),
    ...toY.ticks.map((tick) =>
      tickMark(margin.left - 6, margin.top + (1 - toY.place(tick)) * plotHeight + 4, tick, 'y'),
    ),
  ];
  const titles = [
    `<text x="${margin.left + plotWidth / 2}" y="${height - 6}" text-anchor="middle">${escaped(x.title)}</text>`,
    `<text x="14" y="${margin.top + plotHeight / 2}" text-anchor="middle" transform="rotate(-90 14 ${margin.top + plotHeight / 2})">${escaped(y.title)}</text>`,
  ];
  const frame = `<rect x="${margin.left}" y="${margin.top}" width="${plotWidth}" height="${plotHeight}" class="frame"/>`;
  const svg = `<svg viewBox="0 0 ${width} ${height}" role="img">${frame}${drawn.join('')}${marks.join('')}${titles.join('')}</svg>`;
  const keys = lines.map(({ name }, index) => `<li><i style="background:${colour(index)}"></i>${escaped(name)}</li>`);
  return `<figure>${svg}<ul class="keys">${keys.join('')}</ul></figure>`;
}

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function colour(index: number): string {
  return colours[index % colours.length] ?? 'currentColor';
}

/** Places values from 0 to 1, and says which are worth a mark. */
function along(values: readonly number[], { scale }: Axis): { place: (value: number) => number; ticks: number[] } {
  const positive = values.filter((value) => value > 0);
  const [least, most] = [Math.min(...(scale === 'linear' ? [0] : positive)), Math.max(...values)];
  if (scale === 'linear') {
    return { place: (value) => value / (most || 1), ticks: [0, 0.25, 0.5, 0.75, 1].map((part) => part * most) };
  }
  const [from, to] = [Math.log10(least), Math.log10(Math.max(most, least * 1.01))];
  const ticks = [-3, -2, -1, 0, 1, 2, 3, 4, 5, 6]
    .flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power))
    .filter((tick) => tick >= least && tick <= most);
  return { place: (value) => (Math.log10(Math.max(value, least)) - from) / (to - from), ticks };
}

function tickMark(x: number, y: number, value: number, axis: 'x' | 'y'): string {
  const anchor = axis === 'x' ? 'middle' : 'end';
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${Number(value.toPrecision(3))}</text>`;
}
