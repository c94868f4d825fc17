import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ConfigError, parseConfig } from '../../../src/config.js';
import { settings } from '../../../src/config/settings.js';
import { defaultLimits } from '../../../src/sandbox/limits.js';

const mib = 1024 * 1024;

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('parseConfig', () => {
  it('has defaults that are right for one machine', () => {
    const config = parseConfig({ PATH: '/bin' });
    expect(config).toMatchObject({ host: '127.0.0.1', port: 4657, sandbox: 'auto', apiToken: null, accept: [] });
    expect(config.pool).toEqual([{ language: 'python', min: 4, max: 16 }]);
    expect(config.limits).toEqual(defaultLimits);
    expect(config.maxLimits).toEqual(defaultLimits);
    expect(config.workspaceBounds).toEqual({ unpackedBytes: 64 * mib, entries: 10_000, depth: 32 });
    expect(config.replica).toMatch(/^[a-z0-9-]{1,40}$/);
    expect(Object.isFrozen(config) && Object.isFrozen(config.limits)).toBe(true);
  });

  it('takes an empty variable as unset', () => {
    expect(parseConfig({ REPL_RUNNER_PORT: '', REPL_RUNNER_API_TOKEN: ' ' })).toEqual(parseConfig({}));
  });

  it('reads every kind of setting', () => {
    const config = parseConfig({
      REPL_RUNNER_PORT: '0',
      REPL_RUNNER_POOL: 'python=2, node=0:3',
      REPL_RUNNER_ACCEPT: 'inodes, total-memory',
      REPL_RUNNER_LIMIT_CPUS: '0.5',
      REPL_RUNNER_LIMIT_MAX_MEMORY_MIB: '1024',
      REPL_RUNNER_IDLE_SECONDS: '60',
      REPL_RUNNER_REPLICA: 'runner-1',
    });
    expect(config).toMatchObject({ port: 0, idleMs: 60_000, replica: 'runner-1', accept: ['inodes', 'total-memory'] });
    expect(config.pool).toEqual([
      { language: 'python', min: 2, max: 8 },
      { language: 'node', min: 0, max: 3 },
    ]);
    expect(config.limits.cpus).toBe(0.5);
    expect(config.maxLimits).toMatchObject({ cpus: 0.5, memoryBytes: 1024 * mib });
  });

  it('lists all problems at once', () => {
    const problems = problemsOf({
      REPL_RUNNER_PROT: '80',
      REPL_RUNNER_PORT: '65536',
      REPL_RUNNER_SANDBOX: 'none',
      REPL_RUNNER_LIMIT_MAX_CPUS: '0.5',
    });
    expect(problems).toEqual([
      'REPL_RUNNER_PROT is not a setting; did you mean REPL_RUNNER_PORT?',
      'REPL_RUNNER_PORT is "65536", which is not allowed; allowed: a whole number from 0 to 65535',
      'REPL_RUNNER_SANDBOX is "none", which is not allowed; allowed: one of auto, docker, bubblewrap',
      'REPL_RUNNER_LIMIT_MAX_CPUS is less than REPL_RUNNER_LIMIT_CPUS',
    ]);
  });

  it.each([
    ['PORT', '1e3'],
    ['PORT', '-1'],
    ['PORT', '0x10'],
    ['MAX_SESSIONS', '0'],
    ['POOL', 'python'],
    ['POOL', 'python=5:4'],
    ['POOL', 'python=1,python=2'],
    ['REPLICA', 'Runner.1'],
    ['LIMIT_CPUS', '0'],
    ['ALLOWED_ORIGINS', 'example.org'],
    ['BUBBLEWRAP_ROOTFS', 'relative'],
    ['DOCKER_RUNTIME', '--privileged'],
  ])('refuses %s=%s and says what is allowed', (name, value) => {
    expect(problemsOf({ [`REPL_RUNNER_${name}`]: value })).toEqual([
      expect.stringMatching(new RegExp(`^REPL_RUNNER_${name} is .*allowed: `)),
    ]);
  });

  it('never repeats a token', () => {
    expect(problemsOf({ REPL_RUNNER_API_TOKEN: 'hunter2' }).join()).toMatch(/^(?!.*hunter2).*API_TOKEN/);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'runner', '127.0.0.1.example.org'])(
    'refuses to listen on %s without a token',
    (host) => {
      const env = { REPL_RUNNER_HOST: host };
      expect(problemsOf(env)).toEqual([expect.stringContaining('no-token')]);
      expect(problemsOf({ ...env, REPL_RUNNER_API_TOKEN: '0123456789abcdef' })).toEqual([]);
      expect(problemsOf({ ...env, REPL_RUNNER_ACCEPT: 'no-token' })).toEqual([]);
    },
  );
});

describe('docs/configuration.md', () => {
  it('lists every setting with its default and what is allowed, in the order of the code', () => {
    const text = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    const rows = text
      .split('\n')
      .filter((line) => line.startsWith('| `REPL_RUNNER_'))
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, -1),
      );
    const expected = Object.entries(settings).map(([name, { fallback, allowed, meaning }]) => [
      `\`REPL_RUNNER_${name}\``,
      fallback === '' ? '–' : `\`${fallback}\``,
      meaning,
      allowed,
    ]);
    expect(rows).toEqual(expected);
  });
});
