/**
 * Turns environment variables `REPL_GUARD_*` into the frozen settings of the guard. All problems are reported together;
 * unknown names are refused. It never reads `process.env` by itself.
 */
import { ConfigError } from '../src/config/config-error.js';
import { readSettings, type Environment, type ValuesOf } from '../src/config/read-settings.js';
import type { Limits } from '../src/sandbox/limits.js';
import type { CreateRules } from './create-body.js';
import { prefix, settings } from './settings.js';

type Values = ValuesOf<typeof settings>;

export interface GuardConfig {
  readonly socketPath: string;
  readonly daemonPath: string;
  readonly create: CreateRules;
  readonly maxSandboxes: number;
  /** Null where no metrics are served. */
  readonly metrics: { readonly host: string; readonly port: number } | null;
  readonly logLevel: Values['LOG_LEVEL'];
}

const mib = 1024 * 1024;

/** Throws ConfigError that names every problem at once. */
export function parseGuardConfig(env: Environment): GuardConfig {
  const { values, problems } = readSettings(env, { prefix, settings });
  if (values.SOCKET === values.DAEMON) problems.push(`${prefix}SOCKET is the daemon's own socket`);
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({
    socketPath: values.SOCKET,
    daemonPath: values.DAEMON,
    create: Object.freeze({
      deployment: values.DEPLOYMENT,
      imageTag: values.IMAGE_TAG,
      runtime: values.RUNTIME,
      max: Object.freeze(maxOf(values)),
    }),
    maxSandboxes: values.MAX_SANDBOXES,
    metrics: values.METRICS_PORT === null ? null : { host: values.METRICS_HOST, port: values.METRICS_PORT },
    logLevel: values.LOG_LEVEL,
  });
}

function maxOf(values: Values): Limits {
  return {
    cpus: values.MAX_CPUS,
    memoryBytes: values.MAX_MEMORY_MIB * mib,
    processes: values.MAX_PROCESSES,
    diskBytes: values.MAX_DISK_MIB * mib,
    inodes: values.MAX_INODES,
    openFiles: values.MAX_OPEN_FILES,
    fileBytes: values.MAX_FILE_MIB * mib,
  };
}
