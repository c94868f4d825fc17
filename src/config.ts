/**
 * Turns environment variables `REPL_RUNNER_*` into the frozen `Config`, whose slices the modules get. All problems are
 * reported together; unknown names are refused. The table of settings is config/settings.ts. It never reads
 * `process.env` by itself.
 */
import { availableParallelism, hostname } from 'node:os';
import type { EgressSettings } from './egress/egress.js';
import type { Limits } from './sandbox/limits.js';
import type { KeyLimitRules } from './session/key-limits.js';
import type { AttachTokenRules } from './terminal/attach-token.js';
import type { WorkspaceBounds } from './workspace/entry-collector.js';
import { ConfigError } from './config/config-error.js';
import type { PoolSize } from './config/pool-sizes.js';
import { readSettings, type Environment, type ValuesOf } from './config/read-settings.js';
import { mib, prefix, settings } from './config/settings.js';

type Values = ValuesOf<typeof settings>;

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly sandbox: 'auto' | 'docker' | 'bubblewrap';
  readonly replica: string;
  readonly deployment: string;
  readonly pool: readonly PoolSize[];
  readonly maxSessions: number;
  readonly runs: RunConfig;
  readonly apiToken: string | null;
  /** Where more keys are, by name; read again when it changes. */
  readonly apiKeysFile: string | null;
  readonly keyLimits: KeyLimitRules;
  /** Names of missing protections that the operator accepts. */
  readonly accept: readonly string[];
  /** Origins of pages, or `*` for all; empty for that of the host that was asked alone. */
  readonly allowedOrigins: readonly string[];
  /** What opens a terminal beside an id, or in its place. */
  readonly attachTokens: AttachTokenRules;
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
  /** How long a drain keeps the sessions; null is for ever, and makes a stop one without a drain. */
  readonly drainMs: number | null;
  readonly admissionWaitMs: number;
  /** What sessions may be allowed to reach, and its bounds. */
  readonly egress: EgressSettings;
  readonly dockerRuntime: string | null;
  readonly imageTag: string;
  readonly bubblewrapRootfs: string | null;
  readonly logLevel: Values['LOG_LEVEL'];
  readonly maxBodyBytes: number;
  readonly workspaceBounds: WorkspaceBounds;
}

/** What bounds runs, and the line in front of those in sandboxes of their own. */
export interface RunConfig {
  readonly max: number;
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
  /** Of a run whose request does not say. */
  readonly wallMs: number;
  readonly maxWallMs: number;
  readonly maxOutputBytes: number;
}

/** A run mostly waits for its sandbox and for its process to start; more of them only slow each other down. */
const runsPerCore = 2;

/** The loopback names and addresses, for which no token is needed. */
const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** @throws ConfigError that names every problem at once */
export function parseConfig(env: Environment): Config {
  const { values, problems } = readSettings(env, { prefix, settings });
  const config = assemble(values);
  problems.push(...conflicts(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function assemble(values: Values): Config {
  const limits = Object.freeze(limitsOf(values));
  return Object.freeze({
    host: values.HOST,
    port: values.PORT,
    sandbox: values.SANDBOX,
    replica: values.REPLICA ?? replicaFromHost(hostname()),
    deployment: values.DEPLOYMENT,
    pool: Object.freeze(values.POOL),
    maxSessions: values.MAX_SESSIONS,
    runs: Object.freeze({
      max: values.MAX_RUNS ?? runsPerCore * availableParallelism(),
      maxWaiting: values.RUN_QUEUE,
      maxWaitMs: values.RUN_QUEUE_SECONDS * 1000,
      wallMs: values.RUN_SECONDS * 1000,
      maxWallMs: values.RUN_MAX_SECONDS * 1000,
      maxOutputBytes: values.RUN_OUTPUT_MAX_MIB * mib,
    }),
    apiToken: values.API_TOKEN,
    apiKeysFile: values.API_KEYS_FILE,
    keyLimits: Object.freeze({
      maxSessions: values.KEY_MAX_SESSIONS,
      startsPerSecond: values.KEY_STARTS_PER_SECOND,
      startsBurst: values.KEY_STARTS_BURST,
    }),
    accept: Object.freeze(values.ACCEPT),
    allowedOrigins: Object.freeze(values.ALLOWED_ORIGINS),
    attachTokens: Object.freeze({
      secrets: Object.freeze(values.ATTACH_SECRETS),
      required: values.ATTACH_BY === 'token',
    }),
    limits,
    maxLimits: Object.freeze(maxLimitsOf(values, limits)),
    idleMs: values.IDLE_SECONDS * 1000,
    detachGraceMs: values.DETACH_GRACE_SECONDS * 1000,
    maxLifetimeMs: values.MAX_LIFETIME_SECONDS * 1000,
    resumeGraceMs: values.RESUME_GRACE_SECONDS * 1000,
    orphanSeconds: values.ORPHAN_SECONDS,
    drainMs: values.DRAIN_SECONDS === null ? null : values.DRAIN_SECONDS * 1000,
    admissionWaitMs: values.ADMISSION_WAIT_SECONDS * 1000,
    egress: Object.freeze({
      entries: Object.freeze(values.EGRESS),
      pipIndex: values.EGRESS_PIP_INDEX,
      maxConnections: values.EGRESS_CONNECTIONS,
      maxBytes: values.EGRESS_MIB * mib,
      key: values.EGRESS_KEY,
    }),
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
  const needsNoToken = config.apiToken === null && config.apiKeysFile === null;
  if (!loopback.test(config.host) && needsNoToken && !config.accept.includes('no-token')) {
    problems.push(
      `${prefix}HOST is "${config.host}", which others can reach: set ${prefix}API_TOKEN or ${prefix}API_KEYS_FILE, ` +
        `or accept that anybody may start sessions with ${prefix}ACCEPT=no-token`,
    );
  }
  if (config.runs.maxWallMs < config.runs.wallMs) {
    problems.push(`${prefix}RUN_MAX_SECONDS is less than ${prefix}RUN_SECONDS`);
  }
  if (config.attachTokens.required && config.attachTokens.secrets.length === 0) {
    problems.push(`${prefix}ATTACH_BY=token lets nobody in without ${prefix}ATTACH_SECRETS`);
  }
  problems.push(...egressConflicts(config.egress));
  for (const limit of Object.keys(limitSettings) as (keyof Limits)[]) {
    if (config.maxLimits[limit] >= config.limits[limit]) continue;
    const name = limitSettings[limit];
    problems.push(`${prefix}LIMIT_MAX_${name} is less than ${prefix}LIMIT_${name}`);
  }
  return problems;
}

function egressConflicts({ entries, pipIndex }: EgressSettings): string[] {
  if (pipIndex === null) return [];
  const { name, port, plain } = pipIndex;
  const kind = plain ? 'http' : 'tls';
  if (entries.some((entry) => entry.name === name && entry.port === port && entry.kind === kind)) return [];
  const missing = `${name}:${port}${plain ? '/http' : ''}`;
  return [`${prefix}EGRESS_PIP_INDEX can be reached by nobody: ${prefix}EGRESS has no ${missing}`];
}

/** A replica's name from a host's name: lower case, other characters as `-`, the end kept when it is too long. */
function replicaFromHost(host: string): string {
  const name = host.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return name.slice(-40).replace(/^-+|-+$/g, '') || 'runner';
}
