/**
 * The walls of a Docker sandbox, as the options that its container is created with. Pure. Every protection that
 * docs/security.md promises for Docker stands here and nowhere else.
 */
import type { ContainerCreateOptions } from 'dockerode';
import type { SandboxSpec } from '../sandbox.js';
import { containerLabels, containerName } from './container-labels.js';

/** cyber-dojo's sandbox user. */
const uid = 41966;
const gid = 51966;
const mib = 1024 * 1024;
/** For semaphores of `multiprocessing`; its pages count as the sandbox's memory. */
const sharedMemoryBytes = 64 * mib;
/** Sandboxes go before the runner and the daemon do when the host itself runs out of memory. */
const oomScoreAdj = 500;

export interface ContainerSettings {
  /** JSON text; null leaves Docker's default profile. */
  readonly seccompProfile: string | null;
  /** OCI runtime, e.g. `runsc`; null is the daemon's default. */
  readonly runtime: string | null;
  /** See `DockerDriverOptions`. */
  readonly deployment: string;
  /** argv of PID 1. */
  readonly command: readonly string[];
  /** Variables that the image sets; they are taken out unless the allow-list has them. */
  readonly imageVariables: readonly string[];
  /** Whether the daemon removes it at its end; otherwise runners do. */
  readonly autoRemove: boolean;
}

export function containerOptions(spec: SandboxSpec, settings: ContainerSettings): ContainerCreateOptions {
  return {
    name: containerName(spec.identity),
    Image: spec.language.image,
    Entrypoint: [],
    Cmd: [...settings.command],
    User: `${uid}:${gid}`,
    WorkingDir: '/sandbox',
    Hostname: 'repl',
    Env: environment(settings.imageVariables),
    Labels: containerLabels(spec, settings.deployment),
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    // The agent survives the connection that started it (design decision D6).
    StdinOnce: false,
    Tty: false,
    // As PID 1 the agent hears no SIGTERM; a daemon that stops or comes back would wait ten seconds for each of them.
    StopSignal: 'SIGKILL',
    HostConfig: hostConfig(spec, settings),
  };
}

function hostConfig({ limits }: SandboxSpec, settings: ContainerSettings): ContainerCreateOptions['HostConfig'] {
  const profile = settings.seccompProfile;
  const workspace = `rw,nosuid,nodev,exec,size=${limits.diskBytes},nr_inodes=${limits.inodes},uid=${uid},gid=${gid},mode=0755`;
  return {
    AutoRemove: settings.autoRemove,
    // The agent is PID 1: under an init of Docker's, Ctrl-Z could freeze the REPL and nobody would know.
    Init: false,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges', ...(profile === null ? [] : [`seccomp=${profile}`])],
    NetworkMode: 'none',
    // `none` with a tmpfs of our own is `private` with a bound on its size.
    IpcMode: 'none',
    ReadonlyRootfs: true,
    Tmpfs: {
      '/sandbox': workspace,
      '/tmp': workspace,
      '/dev/shm': `rw,nosuid,nodev,noexec,size=${sharedMemoryBytes},nr_inodes=1024,mode=1777`,
    },
    Memory: limits.memoryBytes,
    // Memory and swap together: equal means no swap.
    MemorySwap: limits.memoryBytes,
    NanoCpus: Math.round(limits.cpus * 1e9),
    PidsLimit: limits.processes,
    Ulimits: [
      { Name: 'nofile', Soft: limits.openFiles, Hard: limits.openFiles },
      { Name: 'fsize', Soft: limits.fileBytes, Hard: limits.fileBytes },
      { Name: 'core', Soft: 0, Hard: 0 },
    ],
    OomScoreAdj: oomScoreAdj,
    // What the agent says is not for the daemon's disk.
    LogConfig: { Type: 'none', Config: {} },
    ...(settings.runtime === null ? {} : { Runtime: settings.runtime }),
  };
}

/** The allow-list. A name without a value takes the image's variable of that name away. */
function environment(imageVariables: readonly string[]): string[] {
  const allowed: Record<string, string> = {
    PATH: '/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin',
    HOME: '/tmp/home',
    LANG: 'C.UTF-8',
    USER: 'sandbox',
    LOGNAME: 'sandbox',
  };
  const removed = imageVariables.filter((name) => !(name in allowed));
  return [...Object.entries(allowed).map(([name, value]) => `${name}=${value}`), ...removed];
}
