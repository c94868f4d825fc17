/** An evaluator that runs nothing: it keeps what it is asked for and answers what it is told to. */
import type { Evaluation, EvaluationResult } from '../../src/execution/evaluate/evaluation.js';
import type { OnceRequest } from '../../src/execution/evaluate/evaluator.js';
import type { EvaluationListener } from '../../src/execution/evaluate/judged.js';

export class FakeEvaluator {
  readonly onceAsked: OnceRequest[] = [];
  readonly withinAsked: Evaluation[] = [];
  result: EvaluationResult = { passed: true, results: [], error: null };

  once(request: OnceRequest, _signal: AbortSignal, listener?: EvaluationListener): Promise<EvaluationResult> {
    this.onceAsked.push(request);
    return this.#told(listener);
  }

  within(
    _session: unknown,
    evaluation: Evaluation,
    _signal: AbortSignal,
    listener?: EvaluationListener,
  ): Promise<EvaluationResult> {
    this.withinAsked.push(evaluation);
    return this.#told(listener);
  }

  #told(listener?: EvaluationListener): Promise<EvaluationResult> {
    listener?.onStart();
    this.result.results.forEach((result, index) => listener?.onResult(result, index));
    return Promise.resolve(this.result);
  }
}
