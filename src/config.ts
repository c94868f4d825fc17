/**
 * Turns environment variables `REPL_RUNNER_*` into the frozen `Config`, whose slices the modules get. All problems are
 * reported together; unknown names are refused. The table of settings is config/settings.ts. It never reads
 * `process.env` by itself.
 */
import { hostname } from 'node:os';
import type { Limits } from './sandbox/limits.js';
import type { WorkspaceBounds } from './workspace/entry-collector.js';
import { nearestName } from './config/nearest-name.js';
import type { PoolSize, Setting } from './config/setting.js';
import { mib, prefix, settings } from './config/settings.js';

type SettingName = keyof typeof settings;
type Values = { readonly [Name in SettingName]: (typeof settings)[Name] extends Setting<infer T> ? T : never };

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly sandbox: 'auto' | 'docker' | 'bubblewrap';
  readonly replica: string;
  readonly pool: readonly PoolSize[];
  readonly maxSessions: number;
  readonly apiToken: string | null;
  /** Names of missing protections that the operator accepts. */
  readonly accept: readonly string[];
  /** Empty when the Origin header is not looked at. */
  readonly allowedOrigins: readonly string[];
  /** What a session gets when its request does not say. */
  readonly limits: Limits;
  /** The most that a request may ask for. */
  readonly maxLimits: Limits;
  readonly idleMs: number;
  readonly detachGraceMs: number;
  readonly maxLifetimeMs: number;
  readonly resumeGraceMs: number;
  /** In seconds, as the agent takes it. */
  readonly orphanSeconds: number;
  readonly admissionWaitMs: number;
  readonly dockerRuntime: string | null;
  readonly imageTag: string;
  readonly bubblewrapRootfs: string | null;
  readonly logLevel: Values['LOG_LEVEL'];
  readonly maxBodyBytes: number;
  readonly workspaceBounds: WorkspaceBounds;
}

/** The settings cannot be used; the message lists every problem. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(['The settings cannot be used:', ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** The loopback names and addresses, for which no token is needed. */
const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** @throws ConfigError that names every problem at once */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems = unknownNames(env);
  const values = readSettings(env, problems);
  const config = assemble(values);
  problems.push(...conflicts(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function unknownNames(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = Object.keys(settings).map((name) => `${prefix}${name}`);
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !known.includes(name))
    .map((name) => {
      const meant = nearestName(name, known);
      return `${name} is not a setting${meant === null ? '' : `; did you mean ${meant}?`}`;
    });
}

/** A bad value is reported and replaced by its default, so that the rules between settings can still be checked. */
function readSettings(env: Readonly<Record<string, string | undefined>>, problems: string[]): Values {
  const entries = Object.entries(settings).map(([name, setting]: [string, Setting<unknown>]) => {
    const given = env[`${prefix}${name}`]?.trim() ?? '';
    const read = setting.schema.safeParse(given === '' ? setting.fallback : given);
    if (read.success) return [name, read.data];
    const value = setting.secret ? 'has a value that' : `is "${given.slice(0, 100)}", which`;
    problems.push(`${prefix}${name} ${value} is not allowed; allowed: ${setting.allowed}`);
    return [name, setting.schema.parse(setting.fallback)];
  });
  // Object.fromEntries forgets which name has which type; every name of the table is there with its own schema's type.
  return Object.fromEntries(entries) as Values;
}

function assemble(values: Values): Config {
  const limits = Object.freeze(limitsOf(values));
  return Object.freeze({
    host: values.HOST,
    port: values.PORT,
    sandbox: values.SANDBOX,
    replica: values.REPLICA ?? replicaFromHost(hostname()),
    pool: Object.freeze(values.POOL),
    maxSessions: values.MAX_SESSIONS,
    apiToken: values.API_TOKEN,
    accept: Object.freeze(values.ACCEPT),
    allowedOrigins: Object.freeze(values.ALLOWED_ORIGINS),
    limits,
    maxLimits: Object.freeze(maxLimitsOf(values, limits)),
    idleMs: values.IDLE_SECONDS * 1000,
    detachGraceMs: values.DETACH_GRACE_SECONDS * 1000,
    maxLifetimeMs: values.MAX_LIFETIME_SECONDS * 1000,
    resumeGraceMs: values.RESUME_GRACE_SECONDS * 1000,
    orphanSeconds: values.ORPHAN_SECONDS,
    admissionWaitMs: values.ADMISSION_WAIT_SECONDS * 1000,
    dockerRuntime: values.DOCKER_RUNTIME,
    imageTag: values.IMAGE_TAG,
    bubblewrapRootfs: values.BUBBLEWRAP_ROOTFS,
    logLevel: values.LOG_LEVEL,
    maxBodyBytes: values.BODY_MAX_MIB * mib,
    workspaceBounds: Object.freeze({
      unpackedBytes: values.UNPACKED_MAX_MIB * mib,
      entries: values.ENTRIES_MAX,
      depth: values.DEPTH_MAX,
    }),
  });
}

function limitsOf(values: Values): Limits {
  return {
    cpus: values.LIMIT_CPUS,
    memoryBytes: values.LIMIT_MEMORY_MIB * mib,
    processes: values.LIMIT_PROCESSES,
    diskBytes: values.LIMIT_DISK_MIB * mib,
    inodes: values.LIMIT_INODES,
    openFiles: values.LIMIT_OPEN_FILES,
    fileBytes: values.LIMIT_FILE_MIB * mib,
  };
}

function maxLimitsOf(values: Values, limits: Limits): Limits {
  const bytes = (size: number | null): number | null => (size === null ? null : size * mib);
  return {
    cpus: values.LIMIT_MAX_CPUS ?? limits.cpus,
    memoryBytes: bytes(values.LIMIT_MAX_MEMORY_MIB) ?? limits.memoryBytes,
    processes: values.LIMIT_MAX_PROCESSES ?? limits.processes,
    diskBytes: bytes(values.LIMIT_MAX_DISK_MIB) ?? limits.diskBytes,
    inodes: values.LIMIT_MAX_INODES ?? limits.inodes,
    openFiles: values.LIMIT_MAX_OPEN_FILES ?? limits.openFiles,
    fileBytes: bytes(values.LIMIT_MAX_FILE_MIB) ?? limits.fileBytes,
  };
}

const limitSettings: Readonly<Record<keyof Limits, string>> = {
  cpus: 'CPUS',
  memoryBytes: 'MEMORY_MIB',
  processes: 'PROCESSES',
  diskBytes: 'DISK_MIB',
  inodes: 'INODES',
  openFiles: 'OPEN_FILES',
  fileBytes: 'FILE_MIB',
};

function conflicts(config: Config): string[] {
  const problems: string[] = [];
  if (!loopback.test(config.host) && config.apiToken === null && !config.accept.includes('no-token')) {
    problems.push(
      `${prefix}HOST is "${config.host}", which others can reach: set ${prefix}API_TOKEN, ` +
        `or accept that anybody may start sessions with ${prefix}ACCEPT=no-token`,
    );
  }
  for (const limit of Object.keys(limitSettings) as (keyof Limits)[]) {
    if (config.maxLimits[limit] >= config.limits[limit]) continue;
    const name = limitSettings[limit];
    problems.push(`${prefix}LIMIT_MAX_${name} is less than ${prefix}LIMIT_${name}`);
  }
  return problems;
}

/** A replica's name from a host's name: lower case, other characters as `-`, the end kept when it is too long. */
function replicaFromHost(host: string): string {
  const name = host.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return name.slice(-40).replace(/^-+|-+$/g, '') || 'runner';
}
