/** An evaluator that runs nothing: it keeps what it is asked for and answers what it is told to. */
import type { Evaluation, EvaluationResult } from '../../src/execution/evaluate/evaluation.js';
import type { OnceRequest } from '../../src/execution/evaluate/evaluator.js';

export class FakeEvaluator {
  readonly onceAsked: OnceRequest[] = [];
  readonly withinAsked: Evaluation[] = [];
  result: EvaluationResult = { passed: true, results: [], error: null };

  once(request: OnceRequest): Promise<EvaluationResult> {
    this.onceAsked.push(request);
    return Promise.resolve(this.result);
  }

  within(_session: unknown, evaluation: Evaluation): Promise<EvaluationResult> {
    this.withinAsked.push(evaluation);
    return Promise.resolve(this.result);
  }
}
