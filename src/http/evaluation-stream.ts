/** An evaluation told while it goes on: `start`, a `case` for each one that is judged, at last `result`. */
import type { Response } from 'express';
import type { CaseResult, Subject } from '../execution/evaluate/evaluation.js';
import type { EvaluationListener } from '../execution/evaluate/judged.js';
import { asRunnerError, errorAnswer } from './error-response.js';
import { caseAnswer, type EvaluationAnswer } from './evaluation-answer.js';
import { EventStream } from './event-stream.js';
import type { AnswerStream } from './json-or-events.js';

export class EvaluationStream implements EvaluationListener, AnswerStream<EvaluationAnswer> {
  readonly #events: EventStream;
  readonly #kind: Subject['kind'];
  /** What waits for a slow client is bounded by what an evaluation may say in all. */
  #tail: Promise<void> = Promise.resolve();

  constructor(response: Response, kind: Subject['kind']) {
    this.#events = new EventStream(response);
    this.#kind = kind;
  }

  onStart(): void {
    this.#events.begin();
    this.#send('start', {});
  }

  onResult(result: CaseResult, index: number): void {
    this.#send('case', { index, ...caseAnswer(this.#kind, result) });
  }

  async result({ case_results: _told, ...rest }: EvaluationAnswer): Promise<void> {
    this.#send('result', rest);
    await this.#tail;
    this.#events.end();
  }

  async fail(thrown: unknown): Promise<boolean> {
    if (!this.#events.open) return false;
    await this.#tail;
    await this.#events.send('error', errorAnswer(asRunnerError(thrown)));
    this.#events.end();
    return true;
  }

  #send(name: string, data: object): void {
    this.#tail = this.#tail.then(() => this.#events.send(name, data));
    this.#tail.catch(() => undefined); // whoever waits for the tail is told
  }
}
