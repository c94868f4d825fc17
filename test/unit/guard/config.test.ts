import { describe, expect, it } from '@jest/globals';
import { parseGuardConfig } from '../../../guard/config.js';
import { ConfigError } from '../../../src/config/config-error.js';
import { prefix, settings } from '../../../guard/settings.js';
import { defaultLimits } from '../../../src/sandbox/limits.js';
import { describedSettings, documentedSettings } from '../../support/settings-table.js';

describe('parseGuardConfig', () => {
  it('has defaults that the default limits of a session are within', () => {
    const { create, ...rest } = parseGuardConfig({ REPL_RUNNER_PORT: '1', PATH: '' });
    expect(rest).toEqual({
      socketPath: '/run/repl_guard/docker.sock',
      daemonPath: '/var/run/docker.sock',
      maxSandboxes: 1000,
      metrics: null,
      logLevel: 'info',
    });
    expect(create).toMatchObject({ imageTag: 'latest', runtime: null });
    for (const [limit, most] of Object.entries(create.max)) {
      expect(most).toBeGreaterThanOrEqual(defaultLimits[limit as keyof typeof defaultLimits]);
    }
  });

  it('lists all problems at once', () => {
    const wrong = {
      REPL_GUARD_SOCKETS: 'x',
      REPL_GUARD_SOCKET: 'docker.sock',
      REPL_GUARD_MAX_CPUS: 'many',
      REPL_GUARD_IMAGE_TAG: 'a/b',
    };
    expect(() => parseGuardConfig(wrong)).toThrow(ConfigError);
    expect(() => parseGuardConfig(wrong)).toThrow(
      /SOCKETS is not a setting[^]*SOCKET is[^]*IMAGE_TAG is[^]*MAX_CPUS is/,
    );
  });

  it("refuses to listen in the daemon's own place", () => {
    expect(() => parseGuardConfig({ REPL_GUARD_SOCKET: '/var/run/docker.sock' })).toThrow("daemon's own");
  });
});

describe('docs/configuration.md', () => {
  it('lists every setting of the guard with its default and what is allowed, in the order of the code', () => {
    expect(documentedSettings(prefix)).toEqual(describedSettings(prefix, settings));
  });
});
