import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { defaultLimits } from '../../../src/sandbox/limits.js';
import { judgeSelfCheck, protections, selfCheckArgument } from '../../../src/sandbox/self-check.js';

const reportWith = (missing: readonly string[]) =>
  JSON.stringify(
    Object.fromEntries(protections.map((name) => [name, { holds: !missing.includes(name), detail: `about ${name}` }])),
  );

describe('judgeSelfCheck', () => {
  it('accepts what is missing by name only, and refuses the rest with its detail', () => {
    const verdict = judgeSelfCheck(reportWith(['inodes', 'swap']), ['inodes', 'network']);
    expect(verdict.accepted).toEqual(['inodes']);
    expect(verdict.refused).toEqual([{ name: 'swap', detail: 'about swap' }]);
    expect(verdict.holds).toEqual(protections.filter((name) => name !== 'inodes' && name !== 'swap'));
  });

  it('takes a protection that was not reported for missing', () => {
    const { refused } = judgeSelfCheck('{"user": {"holds": true, "detail": ""}}', []);
    expect(refused).toHaveLength(protections.length - 1);
    expect(refused).toContainEqual({ name: 'seccomp', detail: 'not reported' });
  });

  it.each(['', 'Traceback', '[]', '{"user": true}', '{"user": {"holds": "yes", "detail": ""}}'])(
    'refuses %j as no report',
    (output) => {
      expect(() => judgeSelfCheck(output, [])).toThrow('no readable report');
    },
  );
});

describe('self_check.py', () => {
  const program = readFileSync('images/agent/self_check.py', 'utf8');

  it('makes exactly the checks that the runner knows', () => {
    const names = [...program.matchAll(/^ {4}"([\w-]+)": check_\w+,$/gm)].map(([, name]) => name);
    expect(names).toEqual([...protections]);
  });

  it('is told every limit that it asks for', () => {
    const asked = [...program.matchAll(/expected\["(\w+)"\]/g)].map(([, name]) => name ?? '');
    const told = Object.keys(JSON.parse(selfCheckArgument(defaultLimits)) as object);
    expect(asked.length).toBeGreaterThan(5);
    expect(told).toEqual(expect.arrayContaining(asked));
  });
});
