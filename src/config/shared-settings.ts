/** Kinds of settings that more than one of runner, proxy and guard have, so that they allow the same and say it alike. */
import { z } from 'zod';
import { choice, setting, text, wholeNumber, type Described, type Setting } from './setting.js';

export function host(described: Described): Setting<string> {
  return setting({ ...described, allowed: 'an address or a host name' }, z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/));
}

export function port(described: Described): Setting<number> {
  return wholeNumber({ min: 0, max: 65_535 }, described);
}

/** Null where it is not set. */
export function apiToken(meaning: string): Setting<string | null> {
  return text(/^[\x21-\x7e]{16,1024}$/, {
    fallback: '',
    meaning,
    allowed: '16 to 1024 printable ASCII characters without spaces',
    secret: true,
  });
}

export function deployment(meaning: string): Setting<string> {
  return setting(
    { fallback: 'repl', meaning, allowed: '1 to 40 of a-z, 0-9 and -' },
    z.string().regex(/^[a-z0-9-]{1,40}$/),
  );
}

export function imageTag(meaning: string): Setting<string> {
  return setting(
    { fallback: 'latest', meaning, allowed: 'an image tag' },
    z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/),
  );
}

/** Null for the daemon's default. */
export function runtime(meaning: string): Setting<string | null> {
  const allowed = 'the name of a runtime that the daemon knows';
  return text(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, { fallback: '', meaning, allowed });
}

export const logLevel = choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
  fallback: 'info',
  meaning: 'the least serious log lines that are written',
});
