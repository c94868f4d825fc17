/** The id that ties a request, its answer and its log lines together. */
import { randomUUID } from 'node:crypto';

/** Ids from callers are kept when they cannot harm a log line. */
const sane = /^[A-Za-z0-9._:+/=-]{1,128}$/;

/** The caller's id when it has a sane one, otherwise a new one. */
export function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && sane.test(given) ? given : randomUUID();
}
