/** The report as one page that needs nothing else: figures with their targets, distributions of times, growth. Pure. */
import type { Figure } from './figure.js';
import { shown } from './figure-line.js';
import { distribution, escaped, plot, type Line } from './plot.js';
import type { Report, TopicFigures } from './report.js';

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
td, th { padding: .2rem .6rem; border-bottom: 1px solid #8884; text-align: left }
td.number { text-align: right; font-variant-numeric: tabular-nums }
.met { color: #2e8b57 } .missed { color: #d23 ; font-weight: bold }
figure { margin: 1rem 0 } svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; fill: currentColor }
.frame { fill: none; stroke: #8886 }
.keys { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: 0; margin: 0 }
.keys i { display: inline-block; width: .9rem; height: .3rem; margin-right: .4rem; vertical-align: middle }
`;

/** Figures of this form belong together: the same, beside so many live sessions. */
const beside = /^(.+)_beside_(\d+)$/;

export function reportPage(report: Report): string {
  const { machine, startedAt, topics } = report;
  const figures = topics.flatMap((topic) => topic.figures);
  const judged = figures.filter(({ target }) => target !== null);
  const met = judged.filter(({ pass }) => pass).length;
  const gib = (machine.memoryBytes / 2 ** 30).toFixed(0);
  const on = `${machine.cpus} × ${machine.cpu}, ${gib} GiB, Linux ${machine.kernel}, Node.js ${machine.node}, Docker ${machine.docker ?? 'none'}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>repl_runner: measured</title><style>${style}</style></head><body>
<h1>repl_runner: measured</h1>
<p>${escaped(startedAt)}, on ${escaped(on)}. ${met} of ${judged.length} targets are met. <code>docs/performance.md</code> explains the figures.</p>
${topics.map(section).join('\n')}
</body></html>
`;
}

function section({ title, figures, failure }: TopicFigures): string {
  const head = `<h2>${escaped(title)}</h2>`;
  if (failure !== null) return `${head}<p class="missed">${escaped(failure)}</p>`;
  const rows = figures.map(row).join('');
  const table = `<table><tr><th>figure</th><th>value</th><th>unit</th><th>n</th><th>target</th><th></th></tr>${rows}</table>`;
  return `${head}${table}${distributions(figures)}${growth(figures)}`;
}

function row({ figure, value, unit, target, pass, samples }: Figure): string {
  const wanted = target === null ? '' : `${target.bound} ${target.value}`;
  const counted = `<td class="number">${samples.length === 0 ? '' : samples.length}</td>`;
  const verdict = target === null ? '' : pass ? '<span class="met">met</span>' : '<span class="missed">missed</span>';
  return `<tr><td>${escaped(figure)}</td><td class="number">${shown(value)}</td><td>${escaped(unit)}</td>${counted}<td>${wanted}</td><td>${verdict}</td></tr>`;
}

/** Two figures of the same times, such as p50 and p95, are one line. */
function distributions(figures: readonly Figure[]): string {
  const lines = new Map<readonly number[], Line>();
  for (const { figure, samples } of figures) {
    if (samples.length > 1 && !beside.test(figure) && !lines.has(samples)) {
      lines.set(samples, distribution(figure.replace(/_p\d+(_ms)?$/, ''), samples));
    }
  }
  if (lines.size === 0) return '';
  return plot([...lines.values()], { title: 'ms', scale: 'logarithmic' }, { title: '% at most', scale: 'linear' });
}

/** One plot for each unit, since milliseconds and bytes do not share an axis. */
function growth(figures: readonly Figure[]): string {
  const lines = new Map<string, Map<string, [number, number][]>>();
  for (const { figure, value, unit } of figures) {
    const [, name, live] = beside.exec(figure) ?? [];
    if (name === undefined) continue;
    const ofUnit = lines.get(unit) ?? new Map<string, [number, number][]>();
    ofUnit.set(name, [...(ofUnit.get(name) ?? []), [Number(live), value]]);
    lines.set(unit, ofUnit);
  }
  return [...lines]
    .map(([unit, named]) => {
      const drawn = [...named].map(([name, points]) => ({ name, points }));
      return plot(drawn, { title: 'live sessions', scale: 'linear' }, { title: unit, scale: 'linear' });
    })
    .join('');
}
