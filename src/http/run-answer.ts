/** How the end of a run is told over HTTP: as one JSON object, or as the last event of a stream. */
import type { z } from 'zod';
import type { ProgramResult } from '../execution/run-program.js';
import type { RunResult } from '../execution/run.js';
import type { runAnswerSchema } from './run-schemas.js';
import { pieceOf } from './text-pieces.js';

export type RunAnswer = z.infer<typeof runAnswerSchema>;
type Step = NonNullable<RunAnswer['build']>;

const silent = { data: Buffer.alloc(0), truncated: false };

/** What became of it as a whole: of the build, where the program was not run for it. */
export function runAnswer({ build, run, files }: ProgramResult): RunAnswer {
  return {
    ...stepAnswer(run ?? notRun(build)),
    build: build === null ? null : stepAnswer(build),
    created: files?.created ?? [],
    changed: files?.changed ?? [],
    deleted: files?.deleted ?? [],
    files_truncated: files?.truncated ?? true,
  };
}

export function stepAnswer(result: RunResult): Step {
  return {
    outcome: result.outcome,
    exit_code: result.exitCode,
    signal: result.signal,
    stdout: output(result.stdout),
    stderr: output(result.stderr),
    wall_ms: milliseconds(result.wallMs),
    cpu_ms: milliseconds(result.cpuMs),
    max_rss_bytes: result.maxRssBytes,
  };
}

/** For streams, whose pieces have told what was said. */
export function withoutOutput<T extends Step>(step: T): T {
  const bare = ({ truncated }: Step['stdout']): Step['stdout'] => ({ truncated });
  return { ...step, stdout: bare(step.stdout), stderr: bare(step.stderr) };
}

function output({ data, truncated }: RunResult['stdout']): Step['stdout'] {
  return { ...pieceOf(data, truncated), truncated };
}

function notRun(build: RunResult | null): RunResult {
  const outcome = build?.outcome ?? 'infrastructure';
  const nothing = { exitCode: null, signal: null, wallMs: 0, cpuMs: 0, maxRssBytes: 0, files: null };
  return { ...nothing, outcome, stdout: silent, stderr: silent };
}

/** A microsecond is more than any clock here tells. */
function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
