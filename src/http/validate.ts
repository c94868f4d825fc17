/** Turns untrusted values into typed ones or into errors that list every problem. */
import type { z } from 'zod';
import { RunnerError } from '../errors.js';
import { shownName } from '../workspace/safe-path.js';

/** More problems than these are not listed. */
const maxProblems = 20;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws RunnerError request_invalid with all problems, up to a bound */
export function validate<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, maxProblems)
    .map(({ path, message }) => shownName(path.length === 0 ? message : `${path.join('.')}: ${message}`));
  throw new RunnerError('request_invalid', `The request is not valid: ${problems.join('; ')}.`, {
    context: { problems },
  });
}

/** @throws RunnerError malformed_request */
export function parseJson(body: Buffer | string): unknown {
  try {
    const value: unknown = JSON.parse(typeof body === 'string' ? body : strictUtf8.decode(body));
    return value;
  } catch (cause) {
    throw new RunnerError('malformed_request', 'The body is not JSON.', { cause });
  }
}
