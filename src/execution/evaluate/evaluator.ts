/**
 * Evaluates in a session, for its learner, or in a sandbox of its own that no earlier process has touched, for grading that
 * counts. A checker always gets a fresh one, after the first is gone, so that evaluations never wait for each other.
 */
import type { AgentConnection } from '../../agent/agent-connection.js';
import { RunnerError } from '../../errors.js';
import type { Language } from '../../language/language.js';
import type { Limits } from '../../sandbox/limits.js';
import { writeArchive } from '../../workspace/archive.js';
import type { WorkspaceEntry } from '../../workspace/entry.js';
import { Workspace } from '../../workspace/workspace.js';
import type { OneShots } from '../one-shots.js';
import type { CaseRun, Evaluation, EvaluationResult, LoadFailure, Subject } from './evaluation.js';
import { runHarness } from './harness.js';
import { judgedCases, type EvaluationListener, type WithChecker } from './judged.js';
import { runProgramCases, type ProgramPlace } from './program-cases.js';

/** What a checker is written in. */
const checkerLanguage = 'python';

export interface OnceRequest {
  /** The name of the API key that it counts for. */
  readonly key: string;
  readonly language: string;
  readonly entries: readonly WorkspaceEntry[];
  readonly limits: Partial<Limits>;
  readonly evaluation: Evaluation;
}

/** A session that lends its sandbox, in which other processes run as well. */
export interface LendingSession {
  readonly language: string;
  /** Throws RunnerError where the session's state does not allow it. */
  use<T>(work: (connection: AgentConnection) => Promise<T>): Promise<T>;
}

export class Evaluator {
  readonly #oneShots: Pick<OneShots, 'use' | 'language'>;

  constructor(oneShots: Pick<OneShots, 'use' | 'language'>) {
    this.#oneShots = oneShots;
  }

  /** Rejects with RunnerError `request_invalid` for what the language cannot do, or as `OneShots.use` does. */
  async once(request: OnceRequest, signal: AbortSignal, listener?: EvaluationListener): Promise<EvaluationResult> {
    const { language, limits, evaluation } = request;
    const { subject } = evaluation;
    const known = this.#oneShots.language(language);
    checkSubject(known, subject);
    const files = await archiveOf(known, request.entries, subject);
    const runCases = (onCase: OnCase): Promise<LoadFailure | null> =>
      this.#oneShots.use(language, limits, signal, async ({ connection }, _borrowed, bounded) => {
        if (files !== null) await new Workspace(connection, () => undefined).unpack(files, { replace: false });
        listener?.onStart();
        return await runSubject({ connection, language: known }, evaluation, onCase, bounded);
      });
    return await judgedCases({ evaluation, runCases, withChecker: this.#withChecker, listener }, signal);
  }

  /** In the sandbox of a session, beside what else is there. */
  async within(
    session: LendingSession,
    evaluation: Evaluation,
    signal: AbortSignal,
    listener?: EvaluationListener,
  ): Promise<EvaluationResult> {
    const { subject } = evaluation;
    const language = this.#oneShots.language(session.language);
    checkSubject(language, subject);
    if (subject.kind === 'program' && subject.code !== null) {
      throw invalid('In a session a program is a file: write it with PUT /repl/:id/files first.');
    }
    const runCases = (onCase: OnCase): Promise<LoadFailure | null> =>
      session.use(async (connection) => {
        listener?.onStart();
        return await runSubject({ connection, language }, evaluation, onCase, signal);
      });
    return await judgedCases({ evaluation, runCases, withChecker: this.#withChecker, listener }, signal);
  }

  readonly #withChecker: WithChecker = (work, signal) =>
    this.#oneShots.use(checkerLanguage, {}, signal, async ({ connection }, { language }, bounded) => {
      if (language.evaluate === undefined) throw invalid('There is no Python here for a checker.');
      return await work({ connection, argv: language.evaluate, env: {} }, bounded);
    });
}

type OnCase = (run: CaseRun, index: number) => void;

function runSubject(
  place: ProgramPlace,
  { subject, env, totalMs }: Evaluation,
  onCase: OnCase,
  signal: AbortSignal,
): Promise<LoadFailure | null> {
  if (subject.kind === 'program') return runProgramCases(place, { ...subject, env, totalMs, onCase }, signal);
  const { source, entryPoint, cases } = subject;
  const harness = { connection: place.connection, argv: place.language.evaluate ?? [], env };
  return runHarness(harness, { source, entryPoint, cases, totalMs, onCase }, signal);
}

/** Throws RunnerError `request_invalid` for what the language cannot do. */
function checkSubject({ title, evaluate, run }: Language, { kind }: Subject): void {
  if (kind === 'function' && evaluate === undefined) {
    throw invalid(
      `Functions in ${title} cannot be called from here; give texts for stdin and stdout, and no entry_point.`,
    );
  }
  if (kind === 'program' && run === null) throw invalid(`${title} runs no files.`);
}

/** The files that the sandbox begins with; null where it begins empty. */
async function archiveOf(
  { run }: Language,
  entries: readonly WorkspaceEntry[],
  subject: Subject,
): Promise<Buffer | null> {
  const files = [...entries];
  if (subject.kind === 'program' && subject.code !== null && run !== null) {
    files.push({ type: 'file', path: run.file, executable: false, content: Buffer.from(subject.code) });
  }
  return files.length === 0 ? null : await writeArchive(files);
}

function invalid(message: string): RunnerError {
  return new RunnerError('request_invalid', message, { context: { problems: [message] } });
}
