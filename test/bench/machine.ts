/** What was measured on: figures of two machines are compared as ratios only. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  /** The daemon's version; null where none answers. */
  readonly docker: string | null;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    docker: dockerVersion(),
  };
}

function dockerVersion(): string | null {
  try {
    const asked = ['version', '--format', '{{.Server.Version}}'];
    return execFileSync('docker', asked, { stdio: ['ignore', 'pipe', 'ignore'], timeout: 5_000 })
      .toString()
      .trim();
  } catch {
    return null;
  }
}
