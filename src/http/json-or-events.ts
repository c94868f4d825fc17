/** Answers with JSON once the work is over, or with events while it goes on where the client asks for them. */
import type { Request, Response } from 'express';

export const eventType = 'text/event-stream';

/** The events of one answer; what comes before its end is told by whoever works. */
export interface AnswerStream<Answer> {
  /** The last event. */
  result(answer: Answer): Promise<void>;
  /** Tells an error as the last event; false where the stream has not begun, and the error can still be an answer. */
  fail(thrown: unknown): Promise<boolean>;
}

/** `work` gets the stream where there is one. */
export async function answerWithJsonOrEvents<Answer, Stream extends AnswerStream<Answer>>(
  request: Request,
  response: Response,
  open: () => Stream,
  work: (stream?: Stream) => Promise<Answer>,
): Promise<void> {
  if (request.accepts(['application/json', eventType]) !== eventType) {
    response.json(await work());
    return;
  }
  const stream = open();
  try {
    await stream.result(await work(stream));
  } catch (error) {
    if (!(await stream.fail(error))) throw error;
  }
}
