/** Runs a program in a sandbox: builds it where its language builds, and runs it if that went well. */
import type { AgentConnection } from '../agent/agent-connection.js';
import type { FileChanges } from '../agent/message.js';
import type { Language } from '../language/language.js';
import { stepsOf, type Program } from './program.js';
import { run, type OutputName, type RunLimits, type RunRequest, type RunResult } from './run.js';

export type ProgramStep = 'build' | 'run';

export interface ProgramRequest {
  readonly program: Program;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Buffer | null;
  readonly limits: RunLimits;
  readonly buildLimits: RunLimits;
  /** As in RunRequest, for either step. */
  readonly onOutput?: (step: ProgramStep, name: OutputName, data: Buffer) => Promise<void> | void;
  /** A step ends, and where it is not the last, the next begins. */
  readonly onBuilt?: (build: RunResult) => Promise<void> | void;
}

export interface ProgramResult {
  /** Null where there was nothing to build. */
  readonly build: RunResult | null;
  /** Null where the build has failed. */
  readonly run: RunResult | null;
  /** Of all steps together; null where nobody can tell. */
  readonly files: FileChanges | null;
}

/** Resolves as `run` does. Throws RunnerError `request_invalid` for what the language cannot run. */
export async function runProgram(
  connection: AgentConnection,
  language: Pick<Language, 'name' | 'run'>,
  request: ProgramRequest,
  signal: AbortSignal,
): Promise<ProgramResult> {
  const steps = stepsOf(request.program, language);
  const common = { env: request.env, changes: true };
  let build: RunResult | null = null;
  if (steps.build !== null) {
    const { buildLimits: limits } = request;
    const taken = outputOf(request, 'build');
    build = await run(connection, { ...common, argv: steps.build, stdin: null, limits, ...taken }, signal);
    await request.onBuilt?.(build);
    if (build.outcome !== 'ok') return { build, run: null, files: build.files };
  }
  const { stdin, limits } = request;
  const ran = await run(connection, { ...common, argv: steps.run, stdin, limits, ...outputOf(request, 'run') }, signal);
  return { build, run: ran, files: build === null ? ran.files : together(build.files, ran.files) };
}

function outputOf({ onOutput }: ProgramRequest, step: ProgramStep): Pick<RunRequest, 'onOutput'> {
  return onOutput === undefined ? {} : { onOutput: (name, data) => onOutput(step, name, data) };
}

/** What two steps, one after the other, have done to the files. */
function together(first: FileChanges | null, second: FileChanges | null): FileChanges | null {
  if (first === null || second === null) return second ?? first;
  const created = [...first.created.filter((path) => !second.deleted.includes(path)), ...second.created];
  const changed = [...first.changed, ...second.changed].filter((path) => !created.includes(path));
  const deleted = [...first.deleted, ...second.deleted.filter((path) => !first.created.includes(path))];
  const unique = (paths: readonly string[]): string[] => [...new Set(paths)].sort();
  return {
    created: unique(created),
    changed: unique(changed),
    deleted: unique(deleted),
    truncated: first.truncated || second.truncated,
  };
}
