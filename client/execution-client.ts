/** The calls that run and evaluate programs: in a session, by the owner's id, or once in a sandbox of their own. */
import { sessionPath, type Call, type CallOptions } from './caller.js';
import { CollectedOutput } from './collected-output.js';
import { evaluationTimeoutMs, type Evaluation, type EvaluationResult, type OnceEvaluation } from './evaluation.js';
import { readEvaluation } from './evaluation-events.js';
import { ReplError } from './repl-error.js';
import { readRun, type RunListener } from './run-events.js';
import { runBody, type RunOnceOptions, type RunOptions } from './run-options.js';
import type { RunResult } from './run-result.js';
import { WorkspaceClient } from './workspace-client.js';

const eventType = 'text/event-stream';
/** Waiting, building and running, each to the most that a runner can be set to. */
const runTimeoutMs = 4 * 3_600_000;

export interface RunCallOptions extends CallOptions {
  /** With one, the output is handed over while the program runs, and the result holds none. */
  readonly listener?: RunListener;
}

export class ExecutionClient extends WorkspaceClient {
  /** Runs a program beside the session's REPL, and resolves when it has ended, however. Aborting ends it. */
  async run(id: string, run: RunOptions, options: RunCallOptions = {}): Promise<RunResult> {
    return await this.#run(`${sessionPath(id)}/run`, run, options);
  }

  /** The same once, in a fresh sandbox of its own, in any language. */
  async runOnce(run: RunOnceOptions, options: RunCallOptions = {}): Promise<RunResult> {
    return await this.#run('/run', run, options);
  }

  /** Calls a function, or runs a program, of the session's workspace over many cases: for its learner. */
  async evaluateCode(id: string, evaluation: Evaluation, options: CallOptions = {}): Promise<EvaluationResult> {
    return await this.#evaluate(`${sessionPath(id)}/evaluate`, evaluation, options);
  }

  /** The same in a sandbox of its own that nothing has touched before: for grading that counts. */
  async evaluateOnce(evaluation: OnceEvaluation, options: CallOptions = {}): Promise<EvaluationResult> {
    return await this.#evaluate('/evaluate', evaluation, options);
  }

  async #evaluate(path: string, evaluation: Evaluation, options: CallOptions): Promise<EvaluationResult> {
    const [body, contentType] = [JSON.stringify(evaluation), 'application/json'];
    const call = { method: 'POST', path, body, contentType, timeoutMs: evaluationTimeoutMs } as const;
    return await this.#told(call, readEvaluation, options);
  }

  async #run(
    path: string,
    run: RunOptions | RunOnceOptions,
    { listener, ...options }: RunCallOptions,
  ): Promise<RunResult> {
    const collected = new CollectedOutput();
    const call = { method: 'POST', path, ...runBody(run), timeoutMs: runTimeoutMs } as const;
    const result = await this.#told(call, (body) => readRun(body, listener ?? collected.listener), options);
    return listener === undefined ? collected.in(result) : result;
  }

  /** Always by events: their heartbeat keeps whatever is on the way from hanging up on long work. */
  async #told<Result>(
    call: Call,
    read: (body: ReadableStream<Uint8Array>) => Promise<Result>,
    options: CallOptions,
  ): Promise<Result> {
    const { body } = await this.caller.call({ ...call, accept: eventType }, options);
    return await read(this.owned(body)).catch((error: unknown) => {
      if (options.signal?.aborted !== true) throw error;
      throw new ReplError('aborted', 'The call was broken off.', { cause: error });
    });
  }
}
