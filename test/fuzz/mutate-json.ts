/** JSON that is nearly valid: one of a corpus of values, with a value or a name in it changed, or its text. */
import type { Random } from '../support/random.js';
import { mutatedText, oddText } from './mutate-text.js';

const oddValues: readonly unknown[] = [
  ...[null, true, false, '', [], {}, [[]], [null], 0, -0, -1, 1, 0.5, 1e-7, 255, 256, 65_535, 65_536],
  ...[
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    2 ** 53,
    2 ** 63,
    2 ** 64,
    1e300,
    -(2 ** 31),
    -(2 ** 63),
  ],
  ...[{ length: 1 }, { toString: null }, JSON.parse('{"__proto__": {"a": 1}}') as unknown, ['a', 1, null]],
];
/** JSON that JSON.stringify never writes, and Python's reader may take. */
const oddLiterals = [
  'NaN',
  'Infinity',
  '-Infinity',
  '1e999',
  '9'.repeat(5000),
  '[',
  '"',
  '"\\ud800"',
  '\ufeff',
  '{"a":1,"a":2}',
];
const maxDepth = 3000;

/** A changed copy of one of the values. */
export function mutatedValue(random: Random, corpus: readonly unknown[]): unknown {
  let value: unknown = structuredClone(random.pick(corpus));
  do value = changed(value, random, corpus);
  while (random.percent(35));
  return value;
}

/** The text of one, mostly JSON still. */
export function mutatedJson(random: Random, corpus: readonly unknown[]): string {
  const text = JSON.stringify(mutatedValue(random, corpus)) as string | undefined;
  const whole = text ?? 'null';
  if (random.percent(85)) return whole;
  switch (random.below(4)) {
    case 0:
      return mutatedText(random, [whole]);
    case 1:
      return whole.replace(/\d+|"[^"]*"/, () => random.pick(oddLiterals));
    case 2:
      return nested(random);
    default:
      return random.pick(oddLiterals);
  }
}

function changed(value: unknown, random: Random, corpus: readonly unknown[]): unknown {
  if (typeof value !== 'object' || value === null || random.percent(15)) return replaced(value, random, corpus);
  if (Array.isArray(value)) {
    const list: unknown[] = [...(value as unknown[])];
    const at = random.below(list.length + 1);
    if (at === list.length) list.push(replaced(list[0], random, corpus));
    else if (random.percent(20)) list.splice(at, 1);
    else list[at] = changed(list[at], random, corpus);
    return list;
  }
  const fields: [string, unknown][] = Object.entries(value);
  const at = random.below(fields.length + 1);
  const [name, inner] = fields[at] ?? [oddText(random), undefined];
  if (at === fields.length) fields.push([name, replaced(undefined, random, corpus)]);
  else if (random.percent(15)) fields.splice(at, 1);
  else if (random.percent(10)) fields[at] = [mutatedText(random, [name]), inner];
  else fields[at] = [name, changed(inner, random, corpus)];
  return Object.fromEntries(fields);
}

function replaced(value: unknown, random: Random, corpus: readonly unknown[]): unknown {
  if (typeof value === 'string' && random.percent(70)) return mutatedText(random, [value, '']);
  if (typeof value === 'number' && random.percent(60)) return value + random.pick([-1, 1, 0.5, 1e9, -1e9, 2 ** 32]);
  switch (random.below(8)) {
    case 0:
      return oddText(random);
    case 1:
      return random.pick(corpus);
    case 2:
      return Array.from({ length: random.pick([3, 100, 2000]) }, () => (typeof value === 'object' ? 0 : (value ?? 0)));
    default:
      return random.pick(oddValues);
  }
}

function nested(random: Random): string {
  const depth = 1 + random.below(maxDepth);
  return random.percent(50) ? '['.repeat(depth) + ']'.repeat(depth) : '{"a":'.repeat(depth) + '0' + '}'.repeat(depth);
}
