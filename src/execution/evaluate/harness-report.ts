/**
 * What evaluate.py reports on its standard output, a JSON object a line, and what the process of a case has written of
 * itself: checked and bounded, since users' code shares a process with the one and wrote the other.
 */
import { z } from 'zod';
import { GrowingBuffer } from '../growing-buffer.js';

/** Results, stdout and stderr of one case in base64, and some more. */
const maxLineBytes = 8 * 1024 * 1024;

const failureSchema = z.object({
  kind: z.enum(['runtime_error', 'out_of_memory', 'disk_full']),
  message: z.string().max(8_000),
  traceback: z.string().max(100_000),
});
/** An exception, as the user's own process tells it. */
export type Failure = z.infer<typeof failureSchema>;

const milliseconds = z.number().nonnegative().max(1e9);
const caseReportSchema = z.object({
  event: z.literal('case'),
  index: z.int().nonnegative(),
  end: z.enum([
    'answered',
    'exited',
    'signal',
    'wall_timeout',
    'cpu_timeout',
    'output_limit',
    'out_of_memory',
    'not_started',
  ]),
  exit_code: z.int().min(0).max(255).nullable(),
  signal: z
    .string()
    .regex(/^SIG[A-Z0-9+-]{1,12}$/)
    .nullable(),
  wall_ms: milliseconds,
  cpu_ms: milliseconds,
  /** Whether the process limit refused a fork meanwhile. */
  fork_refused: z.boolean(),
  /** Whether something that the case started could not be ended. */
  resisted: z.boolean(),
  result: z.base64().nullable(),
  stdout: z.base64(),
  stderr: z.base64(),
});
export type CaseReport = z.infer<typeof caseReportSchema>;

const reportSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('loaded') }),
  z.object({ event: z.literal('failed'), failure: failureSchema }),
  caseReportSchema,
]);
export type Report = z.infer<typeof reportSchema>;

/** Throws where a line is no report. */
export function parseReport(line: string): Report {
  return reportSchema.parse(JSON.parse(line));
}

const messageSchema = z.union([
  z.object({ value: z.unknown(), repr: z.string().max(20_000) }).refine((message) => 'value' in message),
  z.object({ failure: failureSchema }),
  z.object({ input: z.string().max(8_000) }),
]);
/** What a case's process says: a value, an exception, or that its input is no list of arguments. */
export type CaseMessage = z.infer<typeof messageSchema>;

/** Null for what is no message. */
export function parseCaseMessage(base64: string): CaseMessage | null {
  try {
    return messageSchema.parse(JSON.parse(Buffer.from(base64, 'base64').toString()));
  } catch {
    return null;
  }
}

/** Cuts a stream of bytes into lines. */
export class LineReader {
  readonly #held = new GrowingBuffer();

  /** The lines that are whole now. Throws RangeError beyond the bound. */
  push(data: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, from)) {
      this.#held.append(data.subarray(from, end));
      lines.push(this.#held.bytes.toString());
      this.#held.clear();
      from = end + 1;
    }
    this.#held.append(data.subarray(from));
    if (this.#held.length > maxLineBytes) throw new RangeError(`a line of more than ${maxLineBytes} bytes`);
    return lines;
  }
}
