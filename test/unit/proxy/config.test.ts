import { describe, expect, it } from '@jest/globals';
import { parseProxyConfig } from '../../../proxy/config.js';
import { ConfigError } from '../../../src/config/config-error.js';
import { prefix, settings } from '../../../proxy/settings.js';
import { describedSettings, documentedSettings } from '../../support/settings-table.js';

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    parseProxyConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('parseProxyConfig', () => {
  it('has defaults for one runner on one machine', () => {
    expect(parseProxyConfig({ REPL_RUNNER_PORT: '1', PATH: '' })).toEqual({
      egress: false,
      host: '127.0.0.1',
      port: 4658,
      replicas: ['http://127.0.0.1:4657'],
      apiToken: null,
      trustedHops: 0,
      clientLimits: { startsPerMinute: null, startsBurst: 30, maxSessions: null },
      maxBodyBytes: 16 * 1024 * 1024,
      awayMs: 60_000,
      answerTimeoutMs: 120_000,
      metrics: null,
      logLevel: 'info',
    });
  });

  it('reads a list of replicas, and one DNS name for all of them', () => {
    expect(parseProxyConfig({ REPL_PROXY_REPLICAS: 'http://a:1, https://b' }).replicas).toEqual([
      'http://a:1',
      'https://b',
    ]);
    expect(parseProxyConfig({ REPL_PROXY_REPLICAS: 'dns+http://runner:4657' }).replicas).toEqual({
      dns: 'http://runner:4657',
    });
  });

  it('serves metrics on loopback where a port is named', () => {
    expect(parseProxyConfig({ REPL_PROXY_METRICS_PORT: '9464' }).metrics).toEqual({ host: '127.0.0.1', port: 9464 });
    expect(problemsOf({ REPL_PROXY_METRICS_PORT: '70000' })).toHaveLength(1);
  });

  it('lists all problems at once, and never a token', () => {
    const problems = problemsOf({
      REPL_PROXY_REPLICA: 'x',
      REPL_PROXY_PORT: '70000',
      REPL_PROXY_REPLICAS: 'runner:4657',
      REPL_PROXY_API_TOKEN: 'hunter2',
    });
    expect(problems).toHaveLength(4);
    expect(problems.join('\n')).toMatch(/REPLICA is not a setting[^]*PORT is "70000"[^]*REPLICAS is "runner:4657"/);
    expect(problems.join('\n')).not.toContain('hunter2');
  });
});

describe('docs/configuration.md', () => {
  it('lists every setting of the proxy with its default and what is allowed, in the order of the code', () => {
    expect(documentedSettings(prefix)).toEqual(describedSettings(prefix, settings));
  });
});
