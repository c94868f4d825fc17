/**
 * The arguments of one bwrap process. Pure: what the host offers and what the sandbox may use go in, argv comes out.
 * Nothing of the host is visible inside but the folders named here, read-only, and nothing of the runner's environment.
 */
import { agentFolder } from '../../agent/command.js';
import type { Limits } from '../limits.js';
import { sandboxUser } from './sandbox-user.js';

/** What of the host, or of a root file system given in its place, a sandbox sees. */
export interface SandboxRoot {
  /** Folders to bind read-only: where they lie on the host, and their place in the sandbox. */
  readonly folders: readonly { readonly source: string; readonly path: string }[];
  /** Symbolic links at the top, such as /bin → usr/bin. */
  readonly links: readonly { readonly target: string; readonly path: string }[];
}

export interface BwrapPlan {
  readonly root: SandboxRoot;
  /** A generated /etc. */
  readonly etcFolder: string;
  /** The agent and the languages' hooks. */
  readonly agentFolder: string;
  readonly limits: Limits;
  /** Cgroup folders whose counters the agent reads. */
  readonly cgroupBinds: readonly { readonly source: string; readonly path: string }[];
  /** Whether this bwrap can forbid nested user namespaces; the syscall filter forbids them either way. */
  readonly disableUserns: boolean;
  readonly seccompFd: number;
  readonly infoFd: number;
  /** argv of PID 1. */
  readonly command: readonly string[];
}

/** Enough for POSIX semaphores and small shared arrays; its pages count as the sandbox's memory. */
const maxSharedMemoryBytes = 64 * 1024 * 1024;

/** All that a process finds in its environment before the agent adds the language's own variables. */
export const sandboxEnvironment = Object.freeze({
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/tmp/home',
  LANG: 'C.UTF-8',
  USER: sandboxUser.name,
  LOGNAME: sandboxUser.name,
});

function isolation(disableUserns: boolean): string[] {
  return [
    ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-net', '--unshare-cgroup-try'],
    ...(disableUserns ? ['--disable-userns'] : []),
    ...['--uid', String(sandboxUser.uid), '--gid', String(sandboxUser.gid)],
    ...['--as-pid-1', '--die-with-parent', '--new-session', '--hostname', 'repl', '--cap-drop', 'ALL'],
  ];
}

function environment(): string[] {
  return ['--clearenv', ...Object.entries(sandboxEnvironment).flatMap(([name, value]) => ['--setenv', name, value])];
}

function tmpfs(path: string, mode: string, bytes: number): string[] {
  return ['--perms', mode, '--size', String(bytes), '--tmpfs', path];
}

function readOnly(plan: BwrapPlan): string[] {
  return [
    ...plan.root.folders.flatMap(({ source, path }) => ['--ro-bind', source, path]),
    ...plan.root.links.flatMap(({ target, path }) => ['--symlink', target, path]),
    ...['--ro-bind', plan.etcFolder, '/etc', '--ro-bind', plan.agentFolder, agentFolder],
    ...plan.cgroupBinds.flatMap(({ source, path }) => ['--ro-bind', source, path]),
  ];
}

function writable({ diskBytes }: Limits): string[] {
  return [
    ...['--proc', '/proc', '--dev', '/dev'],
    ...tmpfs('/dev/shm', '1777', Math.min(diskBytes, maxSharedMemoryBytes)),
    ...tmpfs('/sandbox', '0755', diskBytes),
    ...tmpfs('/tmp', '1777', diskBytes),
    ...['--perms', '0700', '--dir', sandboxEnvironment.HOME],
    ...['--remount-ro', '/dev', '--remount-ro', '/'],
  ];
}

/** argv after `bwrap`. */
export function bwrapArguments(plan: BwrapPlan): string[] {
  return [
    ...isolation(plan.disableUserns),
    ...environment(),
    ...readOnly(plan),
    ...writable(plan.limits),
    ...['--chdir', '/sandbox', '--seccomp', String(plan.seccompFd), '--info-fd', String(plan.infoFd), '--'],
    ...plan.command,
  ];
}
