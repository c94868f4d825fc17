/** A command that was typed wrongly, as it is said to the person: what is wrong, and where its words are told. Pure. */
import { ClientError, misused } from './client-error.js';

/**
 * @param what a sentence without its full stop, or what `parseArgs` has thrown, of which the first sentence is told
 * @param help what to type to read more
 */
export function misuse(what: unknown, help: string): ClientError {
  const sentence = what instanceof Error ? what.message.replace(/\.( .*)?$/s, '') : String(what);
  return new ClientError(`${sentence}. See ${help}.`, { exitCode: misused, cause: what });
}
