/** The series in what a `/metrics` answers, and whether a query finds any of them. */
import { parsePromql, type Matcher } from './promql.js';

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Labels that Prometheus adds when it scrapes. */
const added = ['job', 'instance'];

export function parseExposition(text: string): Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', inner = ''] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
      const labels = [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => [
        label,
        value,
      ]);
      return { name, labels: Object.fromEntries(labels) as Record<string, string> };
    });
}

/** What an expression asks for in vain: names, labels and values that no series has. */
export function askedInVain(expression: string, series: readonly Series[]): string[] {
  const { selectors, groupedBy } = parsePromql(expression);
  const asked = selectors.map(({ metric }) => series.filter(({ name }) => name === metric));
  const missing = selectors.flatMap(({ metric, matchers }, index) => {
    const named = asked[index] ?? [];
    if (named.length === 0) return metric === 'up' ? [] : [metric];
    const found = named.filter(({ labels }) => matchers.every((matcher) => matches(matcher, labels)));
    return found.length > 0 ? [] : [`${metric}{${matchers.map(({ label, value }) => `${label} ${value}`).join(', ')}}`];
  });
  const known = new Set([...added, ...asked.flat().flatMap(({ labels }) => Object.keys(labels))]);
  return [...missing, ...groupedBy.filter((label) => !known.has(label)).map((label) => `by (${label})`)];
}

function matches({ label, operator, value }: Matcher, labels: Readonly<Record<string, string>>): boolean {
  if (added.includes(label)) return true;
  const given = labels[label];
  if (given === undefined) return false;
  // That something is not so is no question of what there is.
  if (operator.startsWith('!')) return true;
  return operator === '=~' ? new RegExp(`^(?:${value})$`).test(given) : given === value;
}
