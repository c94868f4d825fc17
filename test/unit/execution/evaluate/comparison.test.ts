import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { equalBy, type Comparison } from '../../../../src/execution/evaluate/comparison.js';
import { parseTagged } from '../../../../src/execution/evaluate/tagged-value.js';

const exact: Comparison = { mode: 'exact' };
const trimmed: Comparison = { mode: 'trimmed' };
const numeric: Comparison = { mode: 'numeric', relative: 1e-6, absolute: 1e-9 };

function passes(comparison: Comparison, expected: unknown, actual: unknown): boolean {
  return equalBy(comparison, parseTagged(expected), parseTagged(actual));
}

const nan = { $float: 'nan' };

describe('an exact comparison', () => {
  it.each([
    ['1 and 1.0', 1, { $float: '1.0' }],
    ['a set and a frozenset', { $set: [1, 2] }, { $frozenset: [2, 1] }],
    ['an object and a dict', { a: 1, b: 2 }, { $dict: [['b', 2], ['a', 1]] }], // prettier-ignore
    ['nan and nan', [nan], [nan]],
    ['0.0 and -0.0', 0, { $float: '-0.0' }],
    ['1+0j and 1', { $complex: [1, 0] }, 1],
  ])('passes %s', (_name, expected, actual) => {
    expect(passes(exact, expected, actual)).toBe(true);
  });

  it.each([
    ['True and 1', true, 1],
    ['False and 0', false, 0],
    ['a list and a tuple', [1, 2], { $tuple: [1, 2] }],
    ['text and bytes', 'a', { $bytes: 'YQ==' }],
    ['text and a number', '1', 1],
    ['None and False', null, false],
    ['an integer and a float that has lost digits', { $int: '9007199254740993' }, { $float: '9007199254740992.0' }],
    ['items in another order', [1, 2], [2, 1]],
    ['opaque values of two types', { $opaque: { type: 'a', repr: 'x' } }, { $opaque: { type: 'b', repr: 'x' } }],
    ['0.1 + 0.2 and 0.3', 0.3, 0.1 + 0.2],
    ['"ab" beside "c" and "a" beside "bc"', ['ab', 'c'], ['a', 'bc']],
  ])('refuses %s', (_name, expected, actual) => {
    expect(passes(exact, expected, actual)).toBe(false);
    expect(passes(exact, actual, expected)).toBe(false);
  });

  it('passes nothing that was cut, not even itself', () => {
    const cut = { $opaque: { type: 'list', repr: '[0, …', cut: true } };
    for (const comparison of [exact, trimmed, numeric]) expect(passes(comparison, [cut], [cut])).toBe(false);
  });

  it('passes every value for itself', () => {
    // Neither a tag nor a whole number that JSON cannot hold exactly: those are refused.
    const isHeld = (value: unknown): boolean => {
      const numbers: number[] = [];
      const text = JSON.stringify(value, (_key, part: unknown) => {
        if (typeof part === 'number') numbers.push(part);
        return part;
      });
      return !text.includes('"$') && numbers.every((part) => !Number.isInteger(part) || Number.isSafeInteger(part));
    };
    const json = fc.jsonValue({ noUnicodeString: false }).filter(isHeld);
    fc.assert(
      fc.property(json, (value) => {
        for (const comparison of [exact, trimmed, numeric]) {
          expect(passes(comparison, value, JSON.parse(JSON.stringify(value)))).toBe(true);
        }
      }),
    );
  });
});

describe('a trimmed comparison', () => {
  it.each([
    ['an empty line at the end', 'a\nb', 'a\nb\n\n'],
    ['spaces at the ends of lines', 'a\nb', 'a  \nb\t\n'],
    ['lines that end as on Windows', 'a\nb\n', 'a\r\nb\r\n'],
    ['texts inside of values', { a: ['x'] }, { a: ['x \n'] }],
  ])('overlooks %s', (_name, expected, actual) => {
    expect(passes(trimmed, expected, actual)).toBe(true);
    expect(passes(exact, expected, actual)).toBe(false);
  });

  it.each([
    ['spaces at the beginning of a line', ' a', 'a'],
    ['spaces within a line', 'a  b', 'a b'],
    ['an empty line between others', 'a\n\nb', 'a\nb'],
  ])('sees %s', (_name, expected, actual) => {
    expect(passes(trimmed, expected, actual)).toBe(false);
  });
});

describe('a numeric comparison', () => {
  it.each([
    ['numbers', 0.3, 0.1 + 0.2],
    ['an integer and a float', 1, 1.0000001],
    ['numbers near zero', 0, 1e-10],
    ['numbers in lists and dicts', { a: [1, { $tuple: [0.5] }] }, { a: [1, { $tuple: [0.5000001] }] }],
    ['numbers in sets', { $set: [1, 2, 'x'] }, { $set: [2.0000001, 'x', 0.9999999] }],
    ['numbers that are words of a text', 'sum 0.3 of 2', 'sum  0.30000001 of 2.0\n'],
    ['complex numbers', { $complex: [1, 1] }, { $complex: [1.0000001, 1] }],
    ['infinite ones', { $float: 'inf' }, { $float: 'inf' }],
    ['nan and nan', nan, nan],
  ])('takes %s as equal within the tolerance', (_name, expected, actual) => {
    expect(passes(numeric, expected, actual)).toBe(true);
  });

  it.each([
    ['numbers beyond the tolerance', 1, 1.00001],
    ['a bool and a number', true, 1],
    ['a list and a tuple', [0.5], { $tuple: [0.5] }],
    ['lists of two lengths', [1], [1, 1]],
    ['infinite and finite numbers', { $float: 'inf' }, { $float: '1e300' }],
    ['two infinite numbers', { $float: 'inf' }, { $float: '-inf' }],
    ['words that are no numbers', 'nan', 'NaN'],
    ['nan and a number', nan, 1],
    ['dicts of other keys', { a: 1 }, { b: 1 }],
    ['sets of two sizes', { $set: [1] }, { $set: [1, 1.1] }],
    ['a number and a text', 1, '1'],
  ])('tells %s apart', (_name, expected, actual) => {
    expect(passes(numeric, expected, actual)).toBe(false);
    expect(passes(numeric, actual, expected)).toBe(false);
  });

  it('tells the same both ways round, and passes whatever an exact one passes', () => {
    const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, min: -3, max: 3 }));
    const value = fc.array(fc.oneof(number, fc.constantFrom('a', '1.0', '1')), { maxLength: 3 });
    const json = (items: unknown[]) => items.map((item) => (Object.is(item, -0) ? 0 : item));
    fc.assert(
      fc.property(value, value, (one, other) => {
        const [first, second] = [json(one), json(other)];
        expect(passes(numeric, first, second)).toBe(passes(numeric, second, first));
        if (passes(exact, first, second)) expect(passes(numeric, first, second)).toBe(true);
      }),
    );
  });
});

describe('a word of very many digits', () => {
  it.each([`${'1'.repeat(200_000)}x`, `1.${'1'.repeat(200_000)}x`, `1e${'1'.repeat(200_000)}x`])(
    'is compared at once',
    (word) => {
      const began = process.cpuUsage();
      expect(passes(numeric, '1', word)).toBe(false);
      expect(passes(numeric, word, '1')).toBe(false);
      expect(process.cpuUsage(began).user / 1_000).toBeLessThan(1_000);
    },
  );
});
