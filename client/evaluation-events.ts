/** Reads an evaluation that is told case by case. */
import { parseEvaluation, type EvaluationResult } from './evaluation.js';
import { asRecord } from './record.js';
import { readEvents } from './server-events.js';

/** Rejects as `readEvents` does, or as `parseEvaluation` throws. */
export async function readEvaluation(stream: ReadableStream<Uint8Array>): Promise<EvaluationResult> {
  const cases: unknown[] = [];
  return await readEvents(stream, ({ name, data }) => {
    if (name === 'case') cases.push(data);
    return name === 'result' ? parseEvaluation({ ...asRecord(data), case_results: cases }) : null;
  });
}
