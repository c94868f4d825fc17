/**
 * Every setting of the runner: the one table of names, defaults, bounds and meanings. The table in docs/configuration.md
 * is tested against it. Rules between settings are in config.ts.
 */
import { defaultLimits, type Limits } from '../sandbox/limits.js';
import { choice, decimal, list, optional, poolSizes, setting, text, wholeNumber, type Setting } from './setting.js';
import { z } from 'zod';

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
  HOST: setting(
    { fallback: '127.0.0.1', meaning: 'the address to listen on', allowed: 'an address or a host name' },
    z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/),
  ),
  PORT: wholeNumber(
    { min: 0, max: 65_535 },
    { fallback: '4657', meaning: 'the port to listen on; 0 takes any free one' },
  ),
  SANDBOX: choice(['auto', 'docker', 'bubblewrap'], {
    fallback: 'auto',
    meaning: 'what makes sandboxes; `auto` takes Docker where a daemon answers and has the images, else bubblewrap',
  }),
  REPLICA: text(/^[a-z0-9-]{1,40}$/, {
    fallback: '',
    meaning: 'the name of this runner, unique among its siblings; unset, it is made from the host name',
    allowed: '1 to 40 of a-z, 0-9 and -',
  }),
  POOL: poolSizes({ fallback: 'python=4', meaning: 'warm sandboxes of each language, `min` or `min:max`' }),
  MAX_SESSIONS: wholeNumber({ min: 1, max: 100_000 }, { fallback: '200', meaning: 'sessions at the same time' }),
  API_TOKEN: text(/^[\x21-\x7e]{16,1024}$/, {
    fallback: '',
    meaning: 'what every call but the probes must carry as `Authorization: Bearer …`',
    allowed: '16 to 1024 printable ASCII characters without spaces',
    secret: true,
  }),
  ACCEPT: list(/^[a-z0-9-]{1,60}$/, {
    fallback: '',
    meaning: 'names of missing protections that are accepted; see docs/security.md',
    allowed: 'names of a-z, 0-9 and - with commas between',
  }),
  ALLOWED_ORIGINS: list(/^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/, {
    fallback: '',
    meaning: 'the only values of the `Origin` header that are let in; unset, it is not looked at',
    allowed: 'origins like https://example.org with commas between, in lower case, without a path',
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
  ORPHAN_SECONDS: seconds('300', 'after how long without a runner a sandbox ends itself', day),
  ADMISSION_WAIT_SECONDS: wholeNumber(
    { min: 0, max: 60 },
    { fallback: '5', meaning: 'how long a start waits for a sandbox before it is answered with 503' },
  ),
  DOCKER_RUNTIME: text(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, {
    fallback: '',
    meaning: "the runtime for containers, such as `runsc`; unset, the daemon's default",
    allowed: 'the name of a runtime that the daemon knows',
  }),
  IMAGE_TAG: setting(
    { fallback: 'latest', meaning: 'the tag of the images of the languages', allowed: 'an image tag' },
    z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/),
  ),
  BUBBLEWRAP_ROOTFS: text(/^\/[^\0]{0,4095}$/, {
    fallback: '',
    meaning: "a folder with the root file system of bubblewrap sandboxes; unset, parts of the host's own",
    allowed: 'an absolute path',
  }),
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    fallback: 'info',
    meaning: 'the least serious log lines that are written',
  }),
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
