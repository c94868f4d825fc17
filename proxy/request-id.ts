/** The id that ties a request, its answer and the log lines of proxy and runner together. */
import { randomUUID } from 'node:crypto';

/** Ids from callers are kept when they cannot harm a log line; the runner keeps the same ones. */
const sane = /^[A-Za-z0-9._:+/=-]{1,128}$/;

export function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && sane.test(given) ? given : randomUUID();
}
