/**
 * Every setting of the runner: the one table of names, defaults, bounds and meanings. The table in docs/configuration.md
 * is tested against it. Rules between settings are in config.ts.
 */
import { defaultLimits, type Limits } from '../sandbox/limits.js';
import { egressEntries, pipIndex } from './egress-settings.js';
import { poolSizes } from './pool-sizes.js';
import { choice, decimal, list, optional, secrets, text, wholeNumber, type Setting } from './setting.js';
import { apiToken, deployment, host, imageTag, logLevel, port, runtime } from './shared-settings.js';

export const prefix = 'REPL_RUNNER_';

/** Bytes in a MiB, the unit of sizes in settings and in the API. */
export const mib = 1024 * 1024;

const day = 86_400;

const limits = {
  cpus: (fallback: string, meaning: string) => decimal({ min: 0.01, max: 1024 }, { fallback, meaning }),
  // Sizes to 1 TiB.
  mib: (fallback: string, meaning: string) => wholeNumber({ min: 1, max: 1024 * 1024 }, { fallback, meaning }),
  count: (fallback: string, meaning: string) => wholeNumber({ min: 1, max: 10_000_000 }, { fallback, meaning }),
};

function seconds(fallback: string, meaning: string, max = 30 * day): Setting<number> {
  return wholeNumber({ min: 1, max }, { fallback, meaning });
}

function maximum(limit: string, base: (fallback: string, meaning: string) => Setting<number>): Setting<number | null> {
  return optional(base('', `the most that a request may ask for; unset, as much as \`${prefix}LIMIT_${limit}\``));
}

const shownMib = (bytes: number): string => String(bytes / mib);
const ofLimits = defaultLimits satisfies Limits;

export const settings = {
  HOST: host({ fallback: '127.0.0.1', meaning: 'the address to listen on' }),
  PORT: port({ fallback: '4657', meaning: 'the port to listen on; 0 takes any free one' }),
  SANDBOX: choice(['auto', 'docker', 'bubblewrap'], {
    fallback: 'auto',
    meaning: 'what makes sandboxes; `auto` takes Docker where a daemon answers and has the images, else bubblewrap',
  }),
  REPLICA: text(/^[a-z0-9-]{1,40}$/, {
    fallback: '',
    meaning: 'the name of this runner, unique among its siblings; unset, it is made from the host name',
    allowed: '1 to 40 of a-z, 0-9 and -',
  }),
  DEPLOYMENT: deployment(
    'the name shared by replicas that may take up each other’s sessions; strangers on one daemon need different ones',
  ),
  POOL: poolSizes({ fallback: 'python=4', meaning: 'warm sandboxes of each language, `min` or `min:max`' }),
  MAX_SESSIONS: wholeNumber({ min: 1, max: 100_000 }, { fallback: '200', meaning: 'sessions at the same time' }),
  MAX_RUNS: optional(
    wholeNumber(
      { min: 1, max: 10_000 },
      { fallback: '1', meaning: 'runs in sandboxes of their own at the same time; unset, twice the cores' },
    ),
  ),
  RUN_QUEUE: wholeNumber({ min: 0, max: 100_000 }, { fallback: '100', meaning: 'runs that may wait for their turn' }),
  RUN_QUEUE_SECONDS: wholeNumber(
    { min: 0, max: 3600 },
    { fallback: '30', meaning: 'how long a run waits for its turn before it is answered with 503' },
  ),
  RUN_SECONDS: wholeNumber(
    { min: 1, max: 3600 },
    { fallback: '10', meaning: 'time of a run whose request does not say' },
  ),
  RUN_MAX_SECONDS: wholeNumber(
    { min: 1, max: 3600 },
    { fallback: '120', meaning: 'time that a run may ask for, and that building it may take' },
  ),
  RUN_OUTPUT_MAX_MIB: wholeNumber(
    { min: 1, max: 1024 },
    { fallback: '8', meaning: 'output that a run may ask for; 1 MiB where its request does not say' },
  ),
  API_TOKEN: apiToken('what every call but the probes must carry as `Authorization: Bearer …`'),
  API_KEYS_FILE: text(/^\/[^\0]{0,4095}$/, {
    fallback: '',
    meaning: 'a file of named keys that are taken as well, `name:key` on each line; read again when it changes',
    allowed: 'an absolute path',
  }),
  KEY_MAX_SESSIONS: optional(
    wholeNumber({ min: 1, max: 100_000 }, { fallback: '', meaning: 'sessions of one API key at the same time' }),
  ),
  KEY_STARTS_PER_SECOND: optional(
    decimal(
      { min: 0.001, max: 10_000 },
      { fallback: '', meaning: 'sessions that one API key may start in the long run' },
    ),
  ),
  KEY_STARTS_BURST: wholeNumber(
    { min: 1, max: 100_000 },
    { fallback: '50', meaning: 'sessions that one API key may start at once, where the long run is limited' },
  ),
  ACCEPT: list(/^[a-z0-9-]{1,60}$/, {
    fallback: '',
    meaning: 'names of missing protections that are accepted; see docs/security.md',
    allowed: 'names of a-z, 0-9 and - with commas between',
  }),
  ALLOWED_ORIGINS: list(/^(\*|https?:\/\/[a-z0-9.-]+(:\d{1,5})?)$/, {
    fallback: '',
    meaning: 'the only values of the `Origin` header that are let in; unset, those of the host that was asked',
    allowed: 'origins like https://example.org with commas between, in lower case, without a path, or * for all',
  }),
  ATTACH_BY: choice(['id', 'token'], {
    fallback: 'id',
    meaning: 'what opens a terminal: `id`, an id by itself or with an attach token; `token`, never without one',
  }),
  ATTACH_SECRETS: secrets(4, {
    fallback: '',
    meaning: 'the secrets with which host apps sign attach tokens, see docs/protocol.md; unset, none is taken',
  }),
  LIMIT_CPUS: limits.cpus(String(ofLimits.cpus), 'CPU cores of a session'),
  LIMIT_MEMORY_MIB: limits.mib(shownMib(ofLimits.memoryBytes), 'memory of a session, its files included'),
  LIMIT_PROCESSES: limits.count(String(ofLimits.processes), 'processes and threads of a session'),
  LIMIT_DISK_MIB: limits.mib(shownMib(ofLimits.diskBytes), 'size of `/sandbox`, and of `/tmp`'),
  LIMIT_INODES: limits.count(String(ofLimits.inodes), 'files and folders in `/sandbox`, and in `/tmp`'),
  LIMIT_OPEN_FILES: limits.count(String(ofLimits.openFiles), 'open files of a process'),
  LIMIT_FILE_MIB: limits.mib(shownMib(ofLimits.fileBytes), 'size of one file'),
  LIMIT_MAX_CPUS: maximum('CPUS', limits.cpus),
  LIMIT_MAX_MEMORY_MIB: maximum('MEMORY_MIB', limits.mib),
  LIMIT_MAX_PROCESSES: maximum('PROCESSES', limits.count),
  LIMIT_MAX_DISK_MIB: maximum('DISK_MIB', limits.mib),
  LIMIT_MAX_INODES: maximum('INODES', limits.count),
  LIMIT_MAX_OPEN_FILES: maximum('OPEN_FILES', limits.count),
  LIMIT_MAX_FILE_MIB: maximum('FILE_MIB', limits.mib),
  IDLE_SECONDS: seconds('1800', 'how long a session lives without keystroke, output, CPU use or call'),
  DETACH_GRACE_SECONDS: seconds('900', 'how long a session lives after its owner went away'),
  MAX_LIFETIME_SECONDS: seconds('28800', 'how long a session lives at most'),
  RESUME_GRACE_SECONDS: seconds('60', 'how long output waits for an owner who lost the connection'),
  // A runner speaks every three seconds; one that is held up for a moment must not lose its sandboxes.
  ORPHAN_SECONDS: wholeNumber(
    { min: 10, max: day },
    { fallback: '300', meaning: 'after how long without a runner a sandbox ends itself' },
  ),
  DRAIN_SECONDS: optional(
    wholeNumber(
      { min: 0, max: day },
      {
        fallback: '',
        meaning:
          'how long a runner that is told to stop or to drain keeps its sessions; unset, one that stops keeps none, one that drains all',
      },
    ),
  ),
  ADMISSION_WAIT_SECONDS: wholeNumber(
    { min: 0, max: 60 },
    { fallback: '5', meaning: 'how long a start waits for a sandbox before it is answered with 503' },
  ),
  DOCKER_RUNTIME: runtime("the runtime for containers, such as `runsc`; unset, the daemon's default"),
  EGRESS: egressEntries({
    fallback: '',
    meaning: 'what sessions may be given a way out to, see docs/egress.md; unset, none has one',
  }),
  EGRESS_PIP_INDEX: pipIndex({
    fallback: '',
    meaning: 'the index that `pip` uses in sessions that may reach it; unset, its own',
  }),
  EGRESS_CONNECTIONS: wholeNumber(
    { min: 1, max: 64 },
    { fallback: '16', meaning: 'connections outwards of one session at the same time' },
  ),
  EGRESS_MIB: wholeNumber(
    { min: 1, max: 1024 * 1024 },
    { fallback: '512', meaning: 'what one session may move through its way out, both directions together' },
  ),
  EGRESS_KEY: text(/^[\x21-\x7e]{32,1024}$/, {
    fallback: '',
    meaning:
      'the same secret for all replicas, with which a session keeps its way out when another runner takes it up; unset, it loses it',
    allowed: '32 to 1024 printable ASCII characters without spaces',
    secret: true,
  }),
  IMAGE_TAG: imageTag('the tag of the images of the languages'),
  BUBBLEWRAP_ROOTFS: text(/^\/[^\0]{0,4095}$/, {
    fallback: '',
    meaning: "a folder with the root file system of bubblewrap sandboxes; unset, parts of the host's own",
    allowed: 'an absolute path',
  }),
  LOG_LEVEL: logLevel,
  BODY_MAX_MIB: wholeNumber({ min: 1, max: 1024 }, { fallback: '16', meaning: 'size of a request body' }),
  UNPACKED_MAX_MIB: wholeNumber({ min: 1, max: 4096 }, { fallback: '64', meaning: 'size of all files of an upload' }),
  ENTRIES_MAX: wholeNumber(
    { min: 1, max: 1_000_000 },
    { fallback: '10000', meaning: 'files and folders of an upload' },
  ),
  DEPTH_MAX: wholeNumber(
    { min: 1, max: 500 },
    { fallback: '32', meaning: 'folders that lie in each other in an upload' },
  ),
} as const;
