/** A program that has ended well and said nothing, but for what a test says otherwise. */
import type { ProgramResult } from '../../src/execution/run-program.js';
import type { RunResult } from '../../src/execution/run.js';

export function runResult(fields: Partial<RunResult> = {}): RunResult {
  const silent = { data: Buffer.alloc(0), truncated: false };
  return {
    outcome: 'ok',
    exitCode: 0,
    signal: null,
    stdout: silent,
    stderr: silent,
    wallMs: 12,
    cpuMs: 8,
    maxRssBytes: 1024,
    files: null,
    ...fields,
  };
}

export function programResult(fields: Partial<ProgramResult> = {}): ProgramResult {
  const files = { created: [], changed: [], deleted: [], truncated: false };
  return { build: null, run: runResult(), files, ...fields };
}
