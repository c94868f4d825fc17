/** Whether an actual value passes for the expected one: exactly, but for whitespace at the ends, or within a tolerance. Pure. */
import { canonical } from './canonical.js';
import type { Value } from './tagged-value.js';

export type Comparison =
  | { readonly mode: 'exact' }
  /** Texts, also inside other values, without whitespace at the ends of lines and without empty lines at the end. */
  | { readonly mode: 'trimmed' }
  /** Numbers, also inside other values and as words of texts, as Python's math.isclose tells. */
  | { readonly mode: 'numeric'; readonly relative: number; readonly absolute: number };

export function equalBy(comparison: Comparison, expected: Value, actual: Value): boolean {
  switch (comparison.mode) {
    case 'exact':
      return same(expected, actual);
    case 'trimmed':
      return same(withTrimmedTexts(expected), withTrimmedTexts(actual));
    case 'numeric':
      return close(expected, actual, comparison);
  }
}

function same(expected: Value, actual: Value): boolean {
  const text = canonical(expected);
  return text !== null && text === canonical(actual);
}

function trimmed(text: string): string {
  const lines = text.split('\n').map((line) => line.trimEnd());
  return lines.join('\n').trimEnd();
}

function withTrimmedTexts(value: Value): Value {
  switch (value.kind) {
    case 'str':
      return { kind: 'str', value: trimmed(value.value) };
    case 'list':
    case 'tuple':
    case 'set':
    case 'frozenset':
      return { kind: value.kind, items: value.items.map(withTrimmedTexts) };
    case 'dict':
      return {
        kind: 'dict',
        entries: value.entries.map(([key, item]) => [withTrimmedTexts(key), withTrimmedTexts(item)]),
      };
    default:
      return value;
  }
}

interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

function close(expected: Value, actual: Value, tolerance: Tolerance): boolean {
  if (same(expected, actual)) return true;
  if (expected.kind === 'str' && actual.kind === 'str') return closeTexts(expected.value, actual.value, tolerance);
  if (expected.kind === 'dict' && actual.kind === 'dict')
    return closeDicts(expected.entries, actual.entries, tolerance);
  if ('items' in expected && 'items' in actual) return closeItems(expected, actual, tolerance);
  const [first, second] = [complexOf(expected), complexOf(actual)];
  return first !== null && second !== null && closeNumbers(first, second, tolerance);
}

type Sequence = Extract<Value, { readonly items: readonly Value[] }>;

function isSet({ kind }: Value): boolean {
  return kind === 'set' || kind === 'frozenset';
}

function closeItems(expected: Sequence, actual: Sequence, tolerance: Tolerance): boolean {
  if (isSet(expected) && isSet(actual)) return closeSets(expected.items, actual.items, tolerance);
  if (expected.kind !== actual.kind) return false;
  return closeLists(expected.items, actual.items, tolerance);
}

function closeLists(expected: readonly Value[], actual: readonly Value[], tolerance: Tolerance): boolean {
  if (expected.length !== actual.length) return false;
  return expected.every((item, at) => {
    const other = actual[at];
    return other !== undefined && close(item, other, tolerance);
  });
}

/** Real numbers are paired in their order, which pairs them as well as can be; all else is compared exactly. */
function closeSets(expected: readonly Value[], actual: readonly Value[], tolerance: Tolerance): boolean {
  const [first, second] = [split(expected), split(actual)];
  return same(first.rest, second.rest) && closeLists(first.numbers, second.numbers, tolerance);
}

function split(items: readonly Value[]): { numbers: Value[]; rest: Value } {
  const numbers = items.filter(({ kind }) => kind === 'int' || kind === 'float');
  const rest = items.filter(({ kind }) => kind !== 'int' && kind !== 'float');
  const sorted = numbers.sort((a, b) => (complexOf(a)?.re ?? 0) - (complexOf(b)?.re ?? 0));
  return { numbers: sorted, rest: { kind: 'set', items: rest } };
}

function closeDicts(
  expected: readonly (readonly [Value, Value])[],
  actual: readonly (readonly [Value, Value])[],
  tolerance: Tolerance,
): boolean {
  const [first, second] = [byKey(expected), byKey(actual)];
  if (first.size !== second.size) return false;
  return [...first].every(([key, item]) => {
    const other = second.get(key);
    return key !== null && other !== undefined && close(item, other, tolerance);
  });
}

function byKey(entries: readonly (readonly [Value, Value])[]): Map<string | null, Value> {
  return new Map(entries.map(([key, item]) => [canonical(key), item]));
}

/** With one way to read each digit: a word comes from a sandbox, and may be millions of them. */
const numberWord = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** Word by word; words that are numbers on both sides as numbers. */
function closeTexts(expected: string, actual: string, tolerance: Tolerance): boolean {
  const [first, second] = [words(expected), words(actual)];
  if (first.length !== second.length) return false;
  return first.every((word, at) => {
    const other = second[at] ?? '';
    if (word === other) return true;
    if (!numberWord.test(word) || !numberWord.test(other)) return false;
    return closeNumbers({ re: Number(word), im: 0 }, { re: Number(other), im: 0 }, tolerance);
  });
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

interface Complex {
  readonly re: number;
  readonly im: number;
}

/** Null for what is no number. */
function complexOf(value: Value): Complex | null {
  switch (value.kind) {
    case 'int':
      return { re: Number(value.value), im: 0 };
    case 'float':
      return { re: value.value, im: 0 };
    case 'complex':
      return value;
    default:
      return null;
  }
}

/** As math.isclose: infinite numbers are close to themselves alone, nan to nothing. */
function closeNumbers(a: Complex, b: Complex, { relative, absolute }: Tolerance): boolean {
  const [sizeA, sizeB] = [Math.hypot(a.re, a.im), Math.hypot(b.re, b.im)];
  if (!Number.isFinite(sizeA) || !Number.isFinite(sizeB)) return false;
  return Math.hypot(a.re - b.re, a.im - b.im) <= Math.max(relative * Math.max(sizeA, sizeB), absolute);
}
