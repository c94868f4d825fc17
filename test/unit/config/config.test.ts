import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../../src/config.js';
import { ConfigError } from '../../../src/config/config-error.js';
import { prefix, settings } from '../../../src/config/settings.js';
import { defaultLimits } from '../../../src/sandbox/limits.js';
import { describedSettings, documentedSettings } from '../../support/settings-table.js';

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

  it('lets a large pool grow as far as any may', () => {
    const config = parseConfig({ REPL_RUNNER_POOL: 'python=251,node=1000' });
    expect(config.pool).toEqual([
      { language: 'python', min: 251, max: 1000 },
      { language: 'node', min: 1000, max: 1000 },
    ]);
  });

  it('reads what sessions may be given a way out to, and has none unless told', () => {
    expect(parseConfig({}).egress).toMatchObject({ entries: [], pipIndex: null, key: null });
    const { egress } = parseConfig({
      REPL_RUNNER_EGRESS: 'pypi.example:443, index.internal:8080/http@10.0.0.0/8',
      REPL_RUNNER_EGRESS_PIP_INDEX: 'http://index.internal:8080/simple/',
      REPL_RUNNER_EGRESS_MIB: '2',
    });
    expect(egress.entries.map(({ name, port, kind }) => [name, port, kind])).toEqual([
      ['pypi.example', 443, 'tls'],
      ['index.internal', 8080, 'http'],
    ]);
    expect(egress.pipIndex).toMatchObject({ name: 'index.internal', port: 8080, plain: true });
    expect(egress).toMatchObject({ maxConnections: 16, maxBytes: 2 * mib });
  });

  it('reads the secrets of attach tokens, and wants one where tokens are', () => {
    const [old, fresh] = ['a'.repeat(32), 'b'.repeat(32)];
    expect(parseConfig({}).attachTokens).toEqual({ secrets: [], required: false });
    const given = { REPL_RUNNER_ATTACH_BY: 'token', REPL_RUNNER_ATTACH_SECRETS: `${old}, ${fresh}` };
    expect(parseConfig(given).attachTokens).toEqual({ secrets: [old, fresh], required: true });
    expect(problemsOf({ REPL_RUNNER_ATTACH_BY: 'token' })).toEqual([expect.stringContaining('ATTACH_SECRETS')]);
    const [problem = ''] = problemsOf({ REPL_RUNNER_ATTACH_SECRETS: 'a-short-secret' });
    expect(problem).not.toContain('a-short-secret');
  });

  it.each([
    ['REPL_RUNNER_EGRESS', '*.example:443'],
    ['REPL_RUNNER_EGRESS', 'a:443,,a:443'],
    ['REPL_RUNNER_EGRESS', '10.0.0.1:443@10.0.0.0/8'],
    ['REPL_RUNNER_EGRESS_PIP_INDEX', 'pypi.example'],
    ['REPL_RUNNER_EGRESS_PIP_INDEX', 'https://user:pass@pypi.example/'],
    ['REPL_RUNNER_EGRESS_PIP_INDEX', 'https://10.0.0.1/'],
    ['REPL_RUNNER_EGRESS_KEY', 'short'],
    ['REPL_RUNNER_ALLOWED_ORIGINS', 'https://*.example'],
    ['REPL_RUNNER_ATTACH_SECRETS', `${'a'.repeat(32)},short`],
    ['REPL_RUNNER_ATTACH_SECRETS', Array.from({ length: 5 }, () => 'a'.repeat(32)).join(',')],
    ['REPL_RUNNER_ATTACH_BY', 'name'],
  ])('refuses %s=%s', (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name} .*not allowed`))]);
  });

  it('refuses an index that no session could reach', () => {
    const index = { REPL_RUNNER_EGRESS_PIP_INDEX: 'https://pypi.example/simple/' };
    const problem = [expect.stringContaining('REPL_RUNNER_EGRESS has no pypi.example:443')];
    expect(problemsOf(index)).toEqual(problem);
    expect(problemsOf({ ...index, REPL_RUNNER_EGRESS: 'pypi.example:443/http' })).toEqual(problem);
    expect(problemsOf({ ...index, REPL_RUNNER_EGRESS: 'pypi.example:443' })).toEqual([]);
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
    ['POOL', 'python=1001'],
    ['POOL', 'python=1,python=2'],
    ['REPLICA', 'Runner.1'],
    ['LIMIT_CPUS', '0'],
    ['ORPHAN_SECONDS', '9'],
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
      expect(problemsOf({ ...env, REPL_RUNNER_API_KEYS_FILE: '/run/secrets/keys' })).toEqual([]);
      expect(problemsOf({ ...env, REPL_RUNNER_ACCEPT: 'no-token' })).toEqual([]);
    },
  );
});

describe('docs/configuration.md', () => {
  it('lists every setting with its default and what is allowed, in the order of the code', () => {
    expect(documentedSettings(prefix)).toEqual(describedSettings(prefix, settings));
  });
});
