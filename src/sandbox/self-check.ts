/**
 * The pure part of the start-up check: what images/agent/self_check.py is told and what its report means. A protection
 * that is missing from the report does not hold. It decides by name alone; only the operator can accept a weakness.
 */
import { z } from 'zod';
import { RunnerError } from '../errors.js';
import type { Limits } from './limits.js';

/** Every protection that is tried inside a sandbox, in the words that an operator accepts a weakness with. */
export const protections = [
  'user',
  'capabilities',
  'no-new-privileges',
  'seccomp',
  'read-only-root',
  'workspace-size',
  'tmp-size',
  'inodes',
  'mount-flags',
  'network',
  'memory',
  'total-memory',
  'swap',
  'processes',
  'cpu',
  'open-files',
  'core-dumps',
  'agent',
  'environment',
  'host-files',
] as const;

export type Protection = (typeof protections)[number];

const finding = z.object({ holds: z.boolean(), detail: z.string().max(2000) });
const report = z.partialRecord(z.enum(protections), finding);

export interface SelfCheckVerdict {
  readonly holds: readonly Protection[];
  /** Missing, and accepted by name. */
  readonly accepted: readonly Protection[];
  /** Missing, and a reason not to start. */
  readonly refused: readonly { readonly name: Protection; readonly detail: string }[];
}

/** The program's one argument. `environment` names the language's own variables. */
export function selfCheckArgument(limits: Limits, environment: readonly string[] = []): string {
  return JSON.stringify({
    cpus: limits.cpus,
    memory_bytes: limits.memoryBytes,
    processes: limits.processes,
    disk_bytes: limits.diskBytes,
    inodes: limits.inodes,
    open_files: limits.openFiles,
    environment,
  });
}

function parseReport(output: string): z.infer<typeof report> {
  try {
    return report.parse(JSON.parse(output));
  } catch (cause) {
    const message =
      'The check of the sandbox gave no readable report; look at the sandbox with images/agent/self_check.py.';
    throw new RunnerError('driver_unavailable', message, { cause });
  }
}

/** Judges the program's output; throws RunnerError `driver_unavailable` when that is no report. */
export function judgeSelfCheck(output: string, acceptedNames: readonly string[]): SelfCheckVerdict {
  const found = parseReport(output);
  const missing = protections.filter((name) => found[name]?.holds !== true);
  return {
    holds: protections.filter((name) => found[name]?.holds === true),
    accepted: missing.filter((name) => acceptedNames.includes(name)),
    refused: missing
      .filter((name) => !acceptedNames.includes(name))
      .map((name) => ({ name, detail: found[name]?.detail ?? 'not reported' })),
  };
}
