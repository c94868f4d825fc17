/**
 * What is to be run, and the commands that it takes in a language: a shell command, an argument vector, or a file of the
 * workspace, which some languages build first. Pure.
 */
import { RunnerError } from '../errors.js';
import type { Language } from '../language/language.js';
import { safePath, shownName } from '../workspace/safe-path.js';

export type Program =
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'argv'; readonly argv: readonly string[] }
  /** Null is the file that the language runs where none is named. */
  | { readonly kind: 'file'; readonly file: string | null; readonly args: readonly string[] };

export interface Steps {
  /** Null where there is nothing to build. */
  readonly build: readonly string[] | null;
  readonly run: readonly string[];
}

const maxDepth = 100;

/** Throws RunnerError `request_invalid` for a file in a language that runs none, or outside the workspace. */
export function stepsOf(program: Program, language: Pick<Language, 'name' | 'run'>): Steps {
  if (program.kind === 'command') return { build: null, run: ['sh', '-c', program.command] };
  if (program.kind === 'argv') return { build: null, run: program.argv };
  if (language.run === null) {
    const message = `${language.name} runs no files; send a command or argv.`;
    throw new RunnerError('request_invalid', message, { context: { language: language.name } });
  }
  const { build, argv } = language.run;
  const path = pathOf(program.file ?? language.run.file);
  // What looks like an option would be taken for one.
  const file = path.startsWith('-') ? `./${path}` : path;
  const named = (words: readonly string[]): string[] => words.map((word) => word.replaceAll('{file}', () => file));
  return { build: build === null ? null : named(build), run: [...named(argv), ...program.args] };
}

function pathOf(file: string): string {
  try {
    return safePath(file, maxDepth);
  } catch (cause) {
    const problems = [`file: "${shownName(file)}" is no path in the workspace`];
    throw new RunnerError('request_invalid', `The request is not valid: ${problems.join()}.`, {
      context: { problems },
      cause,
    });
  }
}
