import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const images = 'images';
const sources = readdirSync(images, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.py'));

/** Prints what keeps stdin from being Python 3.9, the oldest that a sandbox may have. */
const parse = `
import ast, sys
try:
    ast.parse(sys.stdin.read(), feature_version=(3, 9))
except SyntaxError as error:
    print(error)
`;

/** Modules of the standard library that are newer than 3.9, or went away up to 3.14. */
const absent = /^\s*(?:import|from) (?:tomllib|asyncore|asynchat|imp|distutils|cgi|crypt|pipes|telnetlib)\b/m;

describe('what runs inside a sandbox', () => {
  it.each(sources)('is Python 3.9 to 3.14: %s', (path) => {
    const source = readFileSync(`${images}/${path}`, 'utf8');
    const { stdout } = spawnSync('python3', ['-c', parse], { input: source, encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(source).not.toMatch(absent);
  });
});
