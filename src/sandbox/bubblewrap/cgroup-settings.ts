/** The control files that put limits onto a cgroup, for both versions of the interface. Pure. */
import type { Limits } from '../limits.js';

export type Controller = 'memory' | 'pids' | 'cpu';

export interface CgroupSetting {
  readonly controller: Controller;
  readonly file: string;
  readonly value: string;
  /** Absent on some kernels (swap accounting), where the limit is kept without it. */
  readonly optional: boolean;
}

const periodMicros = 100_000;

/** The bwrap process beside the agent counts as well. */
const launcherProcesses = 1;

function setting(controller: Controller, file: string, value: number | string, optional = false): CgroupSetting {
  return { controller, file, value: String(value), optional };
}

/** Order matters: in version 1 the limit with swap cannot be below the limit without. */
export function cgroupSettings(version: 1 | 2, limits: Limits): CgroupSetting[] {
  const pids = setting('pids', 'pids.max', limits.processes + launcherProcesses);
  const quota = Math.max(1000, Math.round(limits.cpus * periodMicros));
  if (version === 2) {
    return [
      setting('memory', 'memory.max', limits.memoryBytes),
      setting('memory', 'memory.swap.max', 0, true),
      pids,
      setting('cpu', 'cpu.max', `${quota} ${periodMicros}`),
    ];
  }
  return [
    setting('memory', 'memory.limit_in_bytes', limits.memoryBytes),
    setting('memory', 'memory.memsw.limit_in_bytes', limits.memoryBytes, true),
    setting('memory', 'memory.swappiness', 0, true),
    pids,
    setting('cpu', 'cpu.cfs_period_us', periodMicros),
    setting('cpu', 'cpu.cfs_quota_us', quota),
  ];
}
