/**
 * What stands in front of bwrap: into the cgroups, out of root, under the rlimits. Pure. The order matters: joining a
 * cgroup may need root, and nothing of the sandbox runs before all three hold.
 */
import type { Limits } from '../limits.js';
import { sandboxUser } from './sandbox-user.js';

export interface LaunchPlan {
  readonly limits: Limits;
  /** Whether the runner is root, and so has to step down to the sandbox's user first. */
  readonly runnerIsRoot: boolean;
  /** cgroup.procs files that the launcher writes itself into. */
  readonly cgroupProcs: readonly string[];
  /** Descriptors to close, which the runner itself inherited. */
  readonly closeFds: readonly number[];
  readonly memoryByCgroup: boolean;
  readonly bwrap: readonly string[];
}

/** Takes cgroup.procs files up to `--`, then the command. */
const joinScript = 'for f; do shift; [ "$f" = -- ] && break; echo $$ >"$f" || exit 125; done; exec "$@"';

/** Takes descriptors up to `--`, then the command. Only bash can name those above 9. */
const closeScript = 'for f; do shift; [ "$f" = -- ] && break; eval "exec $f>&-"; done; exec "$@"';

function closeDescriptors(fds: readonly number[]): string[] {
  return fds.length === 0 ? [] : ['bash', '--norc', '-c', closeScript, 'repl_runner', ...fds.map(String), '--'];
}

function joinCgroups(files: readonly string[]): string[] {
  return files.length === 0 ? [] : ['sh', '-c', joinScript, 'repl_runner', ...files, '--'];
}

function stepDown(): string[] {
  const { uid, gid } = sandboxUser;
  return ['setpriv', '--reuid', String(uid), '--regid', String(gid), '--clear-groups', '--'];
}

function limitResources(limits: Limits, memoryByCgroup: boolean): string[] {
  const data = memoryByCgroup ? [] : [`--data=${limits.memoryBytes}`];
  return ['prlimit', '--core=0', `--nofile=${limits.openFiles}`, `--fsize=${limits.fileBytes}`, ...data, '--'];
}

/** The argv that the runner spawns. */
export function launchCommand(plan: LaunchPlan): [string, ...string[]] {
  const [program = 'bwrap', ...rest] = [
    ...closeDescriptors(plan.closeFds),
    ...joinCgroups(plan.cgroupProcs),
    ...(plan.runnerIsRoot ? stepDown() : []),
    ...limitResources(plan.limits, plan.memoryByCgroup),
    'bwrap',
    ...plan.bwrap,
  ];
  return [program, ...rest];
}

/**
 * The command inside the sandbox where no cgroup counts its processes. RLIMIT_NPROC has to be set in the sandbox's own
 * user namespace: set outside, it would count the processes of all sandboxes together, for they share one host uid.
 */
export function withProcessLimit(command: readonly string[], processes: number): string[] {
  return ['prlimit', `--nproc=${processes}`, '--', ...command];
}
