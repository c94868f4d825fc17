/** Runs a program once for each case, with the case's text on stdin: built once, then a process of its own each time. */
import type { AgentConnection } from '../../agent/agent-connection.js';
import type { Language } from '../../language/language.js';
import { stepsOf } from '../program.js';
import { run, type RunResult } from '../run.js';
import { unreportedCase } from './case-run.js';
import type { CaseRun, LoadFailure, TextCase } from './evaluation.js';

/** Where a program runs. */
export interface ProgramPlace {
  readonly connection: AgentConnection;
  readonly language: Language;
}

export interface ProgramJob {
  /** Null is the language's main file. */
  readonly file: string | null;
  readonly cases: readonly TextCase[];
  readonly env: Readonly<Record<string, string>>;
  readonly totalMs: number;
  /** Each case as soon as it is over, in order. */
  onCase(run: CaseRun, index: number): void;
}

/** For compilers, whose time is not the cases'. */
const buildLimits = { wallMs: 60_000, cpuMs: 60_000, outputBytes: 64 * 1024, dataBytes: null };
/** What all cases may say together, in bytes. */
const maxOutputBytes = 32 * 1024 * 1024;

/** Resolves with why the program could not be built, or with null when every case has been told of. */
export async function runProgramCases(
  place: ProgramPlace,
  job: ProgramJob,
  signal: AbortSignal,
): Promise<LoadFailure | null> {
  const { language, connection } = place;
  const { build, run: argv } = stepsOf({ kind: 'file', file: job.file, args: [] }, language);
  const began = performance.now();
  if (build !== null) {
    const request = { argv: build, env: job.env, stdin: null, limits: buildLimits };
    const built = await run(connection, request, signal);
    if (built.outcome !== 'ok') return buildFailure(built);
  }
  let room = maxOutputBytes;
  for (const [index, given] of job.cases.entries()) {
    const left = job.totalMs - (performance.now() - began);
    const refusal = notRun(left, room);
    const done = refusal ?? caseRunOf(await runCase(place, { argv, env: job.env, left }, given, signal));
    room -= done.output.length + done.stderr.length;
    job.onCase(done, index);
  }
  return null;
}

function notRun(leftMs: number, room: number): CaseRun | null {
  if (leftMs <= 0) {
    return unreportedCase('infrastructure', 'It was not run: the time of the whole evaluation was over.');
  }
  if (room > 0) return null;
  return unreportedCase('output_limit', 'It was not run: the cases before it have said more than all may together.');
}

async function runCase(
  { connection }: ProgramPlace,
  { argv, env, left }: { argv: readonly string[]; env: Readonly<Record<string, string>>; left: number },
  { input, limits }: TextCase,
  signal: AbortSignal,
): Promise<RunResult> {
  const { wallMs, cpuMs, outputBytes, memoryBytes: dataBytes } = limits;
  const bounds = { wallMs: Math.ceil(Math.min(wallMs, left)), cpuMs, outputBytes, dataBytes };
  return await run(connection, { argv, env, stdin: Buffer.from(input), limits: bounds }, signal);
}

function caseRunOf(result: RunResult): CaseRun {
  const { outcome, exitCode, signal, wallMs, cpuMs } = result;
  const output = result.stdout.data.toString();
  return {
    outcome,
    ...(outcome === 'ok' ? { answer: { value: output, repr: '' } } : {}),
    output,
    stderr: result.stderr.data.toString(),
    traceback: null,
    exitCode,
    signal,
    wallMs,
    cpuMs,
    message: outcome === 'ok' ? null : sentence(result),
  };
}

function sentence({ outcome, exitCode, signal }: RunResult): string {
  switch (outcome) {
    case 'wall_timeout':
      return 'The program did not end in time.';
    case 'cpu_timeout':
      return 'The program used more CPU time than it may.';
    case 'output_limit':
      return 'The program printed more than it may.';
    case 'out_of_memory':
      return 'The memory of the sandbox was used up.';
    case 'process_limit':
      return 'The program wanted more processes than it may have.';
    case 'disk_full':
      return 'The disk of the sandbox was full.';
    case 'infrastructure':
      return 'The sandbox was lost.';
    default:
      return signal === null
        ? `The program ended with exit code ${exitCode ?? 0}.`
        : `The program was ended by ${signal}.`;
  }
}

function buildFailure(result: RunResult): LoadFailure {
  const output = Buffer.concat([result.stdout.data, result.stderr.data]).toString();
  const message = result.outcome === 'runtime_error' ? 'The program could not be built.' : sentence(result);
  return { outcome: result.outcome, message, traceback: null, output };
}
