/**
 * Translates what dockerode throws into RunnerErrors, so that nobody outside this folder meets a Docker status or an
 * errno. It decides by status and errno, never by a message's words, but for the one case that Docker tells apart by
 * words only: an image that is missing.
 */
import { z } from 'zod';
import { RunnerError, type ErrorContext } from '../../errors.js';

const failure = z.object({
  statusCode: z.number().optional().catch(undefined),
  code: z.string().optional().catch(undefined),
  message: z.string().catch(''),
});

/** HTTP status of the daemon's refusal; undefined when it did not answer. */
export function dockerStatus(error: unknown): number | undefined {
  return failure.safeParse(error).data?.statusCode;
}

/** @param doing what was tried, as a gerund: `creating the container` */
export function translateDockerError(error: unknown, doing: string, context: ErrorContext = {}): RunnerError {
  if (error instanceof RunnerError) return error;
  const { statusCode, code, message } = failure.safeParse(error).data ?? { message: String(error) };
  const options = {
    context: { ...context, ...(statusCode === undefined ? {} : { status: statusCode }) },
    cause: error,
  };
  if (statusCode === undefined) {
    const why = code ?? message;
    return new RunnerError('driver_unavailable', `The Docker daemon did not answer while ${doing} (${why}).`, options);
  }
  if (statusCode === 404 && /no such image/i.test(message)) {
    const remedy = 'The image is missing; build it with `npm run images`.';
    return new RunnerError('driver_unavailable', remedy, options);
  }
  if (statusCode === 503) {
    return new RunnerError('driver_unavailable', `The Docker daemon is busy or stopping (while ${doing}).`, options);
  }
  return new RunnerError('sandbox_failed', `The Docker daemon refused ${doing}: ${message.trim()}`, options);
}
