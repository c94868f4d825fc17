/** The two ends of tagged JSON against each other, and what each refuses. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonical } from '../../../../src/execution/evaluate/canonical.js';
import { parseTagged, TaggedValueError } from '../../../../src/execution/evaluate/tagged-value.js';

const pythonFolder = fileURLToPath(new URL('../../../../images/agent', import.meta.url));

/** Takes a Python expression or tagged JSON a line, prints the value encoded, or decoded and encoded again. */
const program = `
import json, sys
sys.path.insert(0, sys.argv[1])
from repl_evaluate import tagged
for line in sys.stdin:
    given = json.loads(line)
    value = eval(given["python"]) if "python" in given else tagged.decode(given["tagged"])
    print(json.dumps(tagged.encode(value)))
`;

function encodedByPython(given: readonly ({ python: string } | { tagged: unknown })[]): unknown[] {
  const input = given.map((line) => JSON.stringify(line)).join('\n');
  const run = spawnSync('/usr/bin/python3', ['-I', '-c', program, pythonFolder], { input, maxBuffer: 1 << 28 });
  if (run.status !== 0) throw new Error(run.stderr.toString());
  const lines = run.stdout.toString().trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as unknown);
}

/** What Python's == says of pairs of values. */
function equalInPython(pairs: readonly (readonly [unknown, unknown])[]): boolean[] {
  const python = `
import json, sys
sys.path.insert(0, sys.argv[1])
from repl_evaluate import tagged
print(json.dumps([tagged.decode(a) == tagged.decode(b) for a, b in json.load(sys.stdin)]))
`;
  const input = JSON.stringify(pairs);
  const run = spawnSync('/usr/bin/python3', ['-I', '-c', python, pythonFolder], { input, maxBuffer: 1 << 28 });
  if (run.status !== 0) throw new Error(run.stderr.toString());
  return JSON.parse(run.stdout.toString()) as boolean[];
}

function encoded(python: string): unknown {
  return encodedByPython([{ python }])[0];
}

const int = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }).map((value) => ({ $int: String(value) })),
);
const float = fc.double().map((value) => {
  if (Number.isInteger(value) || !Number.isFinite(value)) {
    return { $float: Number.isNaN(value) ? 'nan' : String(value).replace('Infinity', 'inf') };
  }
  return value;
});
const bytes = fc.uint8Array().map((octets) => ({ $bytes: Buffer.from(octets).toString('base64') }));
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }));
const atom = fc.oneof(fc.constant(null), fc.boolean(), int, float, text, bytes);
const complex = fc.tuple(float, float).map((parts) => ({ $complex: parts }));
const { value: tagged } = fc.letrec<{ hashable: unknown; value: unknown }>((tie) => ({
  hashable: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    atom,
    complex,
    fc.array(tie('hashable'), { maxLength: 4 }).map((items) => ({ $tuple: items })),
    fc.array(tie('hashable'), { maxLength: 4 }).map((items) => ({ $frozenset: items })),
  ),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('hashable'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(tie('hashable'), { maxLength: 4 }).map((items) => ({ $set: items })),
    fc.array(fc.tuple(tie('hashable'), tie('value')), { maxLength: 4 }).map((pairs) => ({ $dict: pairs })),
    fc.dictionary(
      text.filter((key) => !key.startsWith('$')),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
}));

/** Python keeps the one of 1, 1.0 and True that came first; here a bool is another value. */
function hasBool(json: unknown): boolean {
  return JSON.stringify(json).includes('true') || JSON.stringify(json).includes('false');
}

describe('tagged JSON', () => {
  it('means the same to Python and to the runner', () => {
    const values = fc.sample(tagged, { seed: 7, numRuns: 1500 }).filter((json) => !hasBool(json));
    const back = encodedByPython(values.map((json) => ({ tagged: json })));
    const wrong = values.filter((json, index) => canonical(parseTagged(back[index])) !== canonical(parseTagged(json)));
    expect(wrong).toEqual([]);
    expect(values.length).toBeGreaterThan(500);
  });

  it('tells values apart as Python does, but for bools', () => {
    const big = { $int: String(2n ** 53n + 1n) };
    const numbers = [
      0,
      1,
      -1,
      0.5,
      ...['1.0', '-0.0', '9007199254740992.0', '1e300', 'inf'].map(($float) => ({ $float })),
    ];
    const others = [null, '', '1', big, { $int: String(2n ** 53n) }, { $complex: [1, 0] }, { $complex: [1, 0.5] }];
    const empty = [
      { $bytes: '' },
      { $bytes: 'MQ==' },
      { $tuple: [] },
      { $frozenset: [] },
      { $set: [] },
      { $dict: [] },
      [],
      {},
    ];
    const atoms = [...numbers, ...others];
    const nested = atoms.flatMap((atom) => [
      { $tuple: [atom] },
      { $frozenset: [atom] },
      { $set: [atom, 1] },
      [atom],
      { $dict: [[atom, 1]] },
    ]);
    const all = [...atoms, ...empty, ...nested, { a: 1 }, { $dict: [['a', { $float: '1.0' }]] }];
    const pairs = all.flatMap((one) => all.map((other) => [one, other] as const));
    const equal = equalInPython(pairs);
    const wrong = pairs.filter(([one, other], index) => {
      return (canonical(parseTagged(one)) === canonical(parseTagged(other))) !== equal[index];
    });
    expect(wrong).toEqual([]);
    expect(equal).toContain(true);
  });

  it.each([
    ['None', null],
    ['True', true],
    ['42', 42],
    ['1.0', { $float: '1.0' }],
    ['0.1', 0.1],
    ['-0.0', { $float: '-0.0' }],
    ['2 ** 53', { $int: '9007199254740992' }],
    ['10 ** 5000 - 10 ** 5000 + 1', 1],
    ['float("-inf")', { $float: '-inf' }],
    ['1 + 2j', { $complex: [{ $float: '1.0' }, { $float: '2.0' }] }],
    ['(1, [2])', { $tuple: [1, [2]] }],
    ['{3}', { $set: [3] }],
    ['frozenset()', { $frozenset: [] }],
    ['b"hi"', { $bytes: 'aGk=' }],
    ['bytearray(b"hi")', { $bytes: 'aGk=' }],
    ['{"a": 1}', { a: 1 }],
    ['{"$a": 1}', { $dict: [['$a', 1]] }],
    ['{1: 2}', { $dict: [[1, 2]] }],
    ['{"__proto__": 1}', JSON.parse('{"__proto__": 1}')],
    ['__import__("collections").Counter("aa")', { a: 2 }],
    ['__import__("http").HTTPStatus(200)', 200],
    ['__import__("decimal").Decimal("1.5")', { $opaque: { type: 'decimal.Decimal', repr: "Decimal('1.5')" } }],
    ['range(3)', { $opaque: { type: 'range', repr: 'range(0, 3)' } }],
  ])('writes %s', (python, json) => {
    expect(encoded(python)).toEqual(json);
  });

  it('writes long integers in hexadecimal, and reads them', () => {
    const json = encoded('-(16 ** 5000)') as { $int: string };
    expect(json.$int.slice(0, 5)).toBe('-0x10');
    expect(parseTagged(json)).toEqual({ kind: 'int', value: -(16n ** 5000n) });
  });

  it.each([
    ['a list that holds itself', '(lambda a: a.append(a) or a)([])'],
    ['200 lists in each other', '__import__("functools").reduce(lambda a, _: [a], range(200), [])'],
    ['a million numbers', '[0] * 10 ** 6'],
    ['a megabyte of text', '"x" * 10 ** 6'],
    ['an integer of a million digits', '1 << 4 * 10 ** 6'],
  ])('cuts %s to something that equals nothing', (_name, python) => {
    const value = parseTagged(encoded(python));
    expect(value).toMatchObject({ kind: 'opaque', cut: true });
    expect(canonical(value)).toBeNull();
  });

  it('says so where a repr fails', () => {
    const broken = 'type("Broken", (), {"__repr__": lambda self: 1 / 0})()';
    expect(encoded(broken)).toMatchObject({ $opaque: { repr: '<Broken whose repr failed: ZeroDivisionError>' } });
  });

  it.each([
    ['a whole number beyond 2^53', 2 ** 53],
    ['an infinite number', Infinity],
    ['an unknown tag', { $list: [] }],
    ['a tag beside a field', { $set: [], a: 1 }],
    ['a tuple of no list', { $tuple: 1 }],
    ['a dict of no pairs', { $dict: [[1]] }],
    ['an integer of letters', { $int: 'seven' }],
    ['an integer of too many decimal digits', { $int: '9'.repeat(5000) }],
    ['a float of letters', { $float: 'one' }],
    ['a float that is called like what every object has', { $float: 'constructor' }],
    ['a float that is called __proto__', { $float: '__proto__' }],
    ['bytes that are no base64', { $bytes: '?' }],
    ['an opaque value without a type', { $opaque: { repr: 'x' } }],
    ['what is too deep', Array.from({ length: 100 }).reduce<unknown>((inner) => [inner], 0)],
    ['too many parts', Array.from({ length: 300_000 }, () => 0)],
  ])('refuses %s', (_name, json) => {
    expect(() => parseTagged(json)).toThrow(TaggedValueError);
  });
});
