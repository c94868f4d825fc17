/**
 * A run told while it goes on: `start`, then `stdout` and `stderr` of the program and `build_stdout`, `build_stderr` and
 * `build` of what comes before it, at last `result`. The pieces of one output in order, each a text or base64.
 */
import type { Response } from 'express';
import type { ProgramStep } from '../execution/run-program.js';
import type { OutputName, RunResult } from '../execution/run.js';
import { asRunnerError, errorAnswer } from './error-response.js';
import { EventStream } from './event-stream.js';
import type { AnswerStream } from './json-or-events.js';
import { stepAnswer, withoutOutput, type RunAnswer } from './run-answer.js';
import { TextPieces } from './text-pieces.js';

export class RunStream implements AnswerStream<RunAnswer> {
  readonly #events: EventStream;
  readonly #pieces = new Map<string, TextPieces>();

  constructor(response: Response) {
    this.#events = new EventStream(response);
  }

  async start(fields: object): Promise<void> {
    this.#events.begin();
    await this.#events.send('start', fields);
  }

  async output(step: ProgramStep, name: OutputName, data: Buffer): Promise<void> {
    const event = step === 'build' ? `build_${name}` : name;
    const pieces = this.#pieces.get(event) ?? new TextPieces();
    this.#pieces.set(event, pieces);
    const piece = pieces.push(data);
    if (piece !== null) await this.#events.send(event, piece);
  }

  async built(build: RunResult): Promise<void> {
    await this.#flush();
    await this.#events.send('build', withoutOutput(stepAnswer(build)));
  }

  async result(answer: RunAnswer): Promise<void> {
    await this.#flush();
    const build = answer.build === null ? null : withoutOutput(answer.build);
    await this.#events.send('result', { ...withoutOutput(answer), build });
    this.#events.end();
  }

  async fail(thrown: unknown): Promise<boolean> {
    if (!this.#events.open) return false;
    await this.#events.send('error', errorAnswer(asRunnerError(thrown)));
    this.#events.end();
    return true;
  }

  /** Halves of characters that stay halves. */
  async #flush(): Promise<void> {
    for (const [event, pieces] of this.#pieces) {
      const piece = pieces.end();
      if (piece !== null) await this.#events.send(event, piece);
    }
    this.#pieces.clear();
  }
}
