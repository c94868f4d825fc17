/** Refuses a language that cannot be started, with those that can, before any file is looked at. */
import { RunnerError } from '../errors.js';
import type { AppParts } from './app-parts.js';

/** @throws RunnerError language_unknown */
export function assertKnownLanguage(language: string, languages: AppParts['languages']): void {
  const known = languages.map(({ name }) => name);
  if (known.includes(language)) return;
  throw new RunnerError('language_unknown', `There is no such language here; there is ${known.join(', ')}.`, {
    context: { language, known },
  });
}
