/** A run as the request's options describe it, in the runner's own units. */
import { mib } from '../config/settings.js';
import type { RunConfig } from '../config.js';
import type { Program } from '../execution/program.js';
import type { ProgramRequest } from '../execution/run-program.js';
import type { RunLimits } from '../execution/run.js';
import type { OnceOptions, RunOptions } from './run-schemas.js';

/** Of a run whose request does not say. */
const defaultOutputBytes = mib;

type Asked = Pick<RunOptions, 'command' | 'argv' | 'file' | 'args' | 'stdin' | 'env'> & {
  readonly limits?:
    Pick<NonNullable<OnceOptions['limits']>, 'wall_seconds' | 'cpu_seconds' | 'output_bytes'> | undefined;
};

/** @param dataBytes RLIMIT_DATA of each process, or null */
export function requestedRun(asked: Asked, runs: RunConfig, dataBytes: number | null): ProgramRequest {
  const { wall_seconds: wall, cpu_seconds: cpu, output_bytes: output } = asked.limits ?? {};
  const limits: RunLimits = {
    wallMs: wall === undefined ? runs.wallMs : wall * 1000,
    cpuMs: cpu === undefined ? null : cpu * 1000,
    outputBytes: output ?? Math.min(defaultOutputBytes, runs.maxOutputBytes),
    dataBytes,
  };
  const buildLimits: RunLimits = { ...limits, wallMs: runs.maxWallMs, cpuMs: null, dataBytes: null };
  return { program: program(asked), env: asked.env ?? {}, stdin: input(asked.stdin), limits, buildLimits };
}

function program({ command, argv, file, args = [] }: Asked): Program {
  if (command !== undefined) return { kind: 'command', command };
  return argv === undefined ? { kind: 'file', file: file ?? null, args } : { kind: 'argv', argv };
}

function input(stdin: Asked['stdin']): Buffer | null {
  if (stdin === undefined) return null;
  return typeof stdin === 'string' ? Buffer.from(stdin) : Buffer.from(stdin.base64, 'base64');
}
