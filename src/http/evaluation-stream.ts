/** An evaluation told while it goes on: `start`, a `case` for each one that is judged, at last `result`. */
import type { Response } from 'express';
import type { CaseResult, EvaluationResult, Subject } from '../execution/evaluate/evaluation.js';
import { asRunnerError, errorAnswer } from './error-response.js';
import { caseAnswer, evaluationAnswer } from './evaluation-answer.js';
import { EventStream } from './event-stream.js';

export class EvaluationStream {
  readonly #events: EventStream;
  readonly #kind: Subject['kind'];
  /** What waits for a slow client is bounded by what an evaluation may say in all. */
  #tail: Promise<void> = Promise.resolve();

  constructor(response: Response, kind: Subject['kind']) {
    this.#events = new EventStream(response);
    this.#kind = kind;
  }

  readonly onResult = (result: CaseResult, index: number): void => {
    this.#begin();
    this.#send('case', { index, ...caseAnswer(this.#kind, result) });
  };

  async result(result: EvaluationResult): Promise<void> {
    this.#begin();
    const { case_results: _told, ...rest } = evaluationAnswer(this.#kind, result);
    this.#send('result', rest);
    await this.#tail;
    this.#events.end();
  }

  /** Tells an error as the last event; false where the stream has not begun, and the error can still be an answer. */
  async fail(thrown: unknown): Promise<boolean> {
    if (!this.#events.open) return false;
    await this.#tail;
    await this.#events.send('error', errorAnswer(asRunnerError(thrown)));
    this.#events.end();
    return true;
  }

  #begin(): void {
    if (this.#events.open) return;
    this.#events.begin();
    this.#send('start', {});
  }

  #send(name: string, data: object): void {
    this.#tail = this.#tail.then(() => this.#events.send(name, data));
    this.#tail.catch(() => undefined); // whoever waits for the tail is told
  }
}
