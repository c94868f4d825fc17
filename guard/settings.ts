/**
 * Every setting of the guard: the one table of names, defaults, bounds and meanings. The table in docs/configuration.md is
 * tested against it.
 */
import { z } from 'zod';
import { decimal, optional, setting, wholeNumber, type Setting } from '../src/config/setting.js';
import { deployment, host, imageTag, logLevel, port, runtime } from '../src/config/shared-settings.js';

export const prefix = 'REPL_GUARD_';

function socket(fallback: string, meaning: string): Setting<string> {
  const allowed = 'an absolute path of at most 100 characters';
  return setting({ fallback, meaning, allowed }, z.string().regex(/^\/[^\0]{0,99}$/));
}

function atMost(fallback: string, meaning: string): Setting<number> {
  return wholeNumber({ min: 1, max: 10_000_000 }, { fallback, meaning: `${meaning} that a sandbox may be given` });
}

export const settings = {
  SOCKET: socket(
    '/run/repl_guard/docker.sock',
    'the socket that it listens on, and that `DOCKER_HOST` of a runner names',
  ),
  DAEMON: socket('/var/run/docker.sock', 'the socket of the Docker daemon'),
  DEPLOYMENT: deployment("the runners' `REPL_RUNNER_DEPLOYMENT`; sandboxes of others are none of theirs"),
  IMAGE_TAG: imageTag('the tag of the images that may be started'),
  RUNTIME: runtime("the only runtime for containers, such as `runsc`; unset, the daemon's default"),
  MAX_SANDBOXES: wholeNumber(
    { min: 1, max: 100_000 },
    { fallback: '1000', meaning: 'sandboxes on the daemon at the same time' },
  ),
  MAX_CPUS: decimal({ min: 0.01, max: 1024 }, { fallback: '4', meaning: 'CPU cores that a sandbox may be given' }),
  MAX_MEMORY_MIB: atMost('2048', 'memory'),
  MAX_PROCESSES: atMost('1024', 'processes and threads'),
  MAX_DISK_MIB: atMost('1024', 'size of `/sandbox`, and of `/tmp`,'),
  MAX_INODES: atMost('100000', 'files and folders in `/sandbox`, and in `/tmp`,'),
  MAX_OPEN_FILES: atMost('65536', 'open files of a process'),
  MAX_FILE_MIB: atMost('1024', 'size of one file'),
  METRICS_HOST: host({ fallback: '127.0.0.1', meaning: 'the address at which `GET /metrics` is served' }),
  METRICS_PORT: optional(port({ fallback: '', meaning: 'the port of that; unset, there is none' })),
  LOG_LEVEL: logLevel,
} as const;
