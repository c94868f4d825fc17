/** How the harness reads the input of a call: literals alone, and never by evaluating. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const pythonFolder = fileURLToPath(new URL('../../../../images/agent', import.meta.url));

const program = `
import json, sys
sys.path.insert(0, sys.argv[1])
from repl_evaluate import case_input
for line in sys.stdin:
    try:
        print(json.dumps(repr(case_input.arguments(json.loads(line)))))
    except case_input.InvalidInput as error:
        print(json.dumps("refused: %s" % error))
`;

function read(input: unknown): string {
  const options = { input: JSON.stringify(input), encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-I', '-c', program, pythonFolder], options);
  if (status !== 0) throw new Error(stderr);
  return String(JSON.parse(stdout));
}

describe('the input of a call', () => {
  it.each([
    ['a=1, b=2', "([], {'a': 1, 'b': 2})"],
    ['', '([], {})'],
    ['1, "two", c=[3, (4,), {5}, {"six": None}]', "([1, 'two'], {'c': [3, (4,), {5}, {'six': None}]})"],
    ['x=-1.5, y=1+2j, z=b"q"', "([], {'x': -1.5, 'y': (1+2j), 'z': b'q'})"],
    ['a=1,\nb="""two\nlines"""', "([], {'a': 1, 'b': 'two\\nlines'})"],
    ['"sixty"  # a comment', "(['sixty'], {})"],
  ])('reads %j', (input, meaning) => {
    expect(read(input)).toBe(meaning);
  });

  it('reads args and kwargs as tagged JSON', () => {
    const given = { args: [{ $tuple: [1, { $set: [2] }] }], kwargs: { a: { $bytes: 'aGk=' } } };
    expect(read(given)).toBe("([(1, {2})], {'a': b'hi'})");
  });

  it.each([
    'a=open("/etc/passwd")',
    'a=__import__("os").system("id")',
    '1) + f(2',
    '1)(2',
    '*[1]',
    '**{"a": 1}',
    'a=1, a=2',
    'a=[x for x in (1,)]',
    'a=name',
    'a=',
    `a=${'['.repeat(500)}`,
    `a=${'('.repeat(150)}1${')'.repeat(150)}, b=name`,
    { args: [{ $nothing: 1 }] },
    { args: [{ $set: [[1]] }] },
    { kwargs: { a: { $int: 'x' } } },
  ])('refuses %j', (input) => {
    expect(read(input)).toMatch(/^refused: ./);
  });
});
