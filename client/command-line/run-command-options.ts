/** The words that may follow `run`, and the text of its --help. Pure. */
import { parseArgs } from 'node:util';
import { egressOf } from './command-options.js';
import { misuse } from './misuse.js';

export const runHelp = `Usage: npm run repl -- run [options] <file or folder> [arguments …]

Runs the file once, in a fresh sandbox that is gone afterwards, with all that lies in its folder beside it; of a folder, the
file that the language runs by default (main.py and the like). What the language builds first is built there, and what that
says goes to stderr. stdin, when piped, is the program's, at most 8 MiB; stdout and stderr are the program's as they come.

  echo 1 2 | npm run -s repl -- run sum.py --verbose

Options, before the file; all that follows it is the program's:
  --language NAME     the language of the file (default: python)
  --seconds N         how long it may run (default: as the runner is set)
  --egress NAME       let it reach this name, if the runner allows it; \`all\`: all that it allows; may be repeated
  --url URL, --token-file FILE, --help  as without run

Exit codes: the program's, or 128 + the number of the signal that ended it; 137 with a word on stderr where it was ended at
a limit. Its own: 1 the runner or the network failed, 2 wrong use. Ctrl-C ends the program too.
`;

const help = 'run --help';

export interface RunCommandOptions {
  readonly path: string;
  readonly args: readonly string[];
  readonly language: string;
  /** Null leaves it to the runner. */
  readonly seconds: number | null;
  /** Names that it may reach; true for all that the runner allows. */
  readonly egress: true | readonly string[];
  readonly url: string | null;
  readonly tokenFile: string | null;
}

const options = {
  language: { type: 'string', short: 'l' },
  seconds: { type: 'string' },
  egress: { type: 'string', multiple: true },
  url: { type: 'string' },
  'token-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Null where help is asked for. Throws ClientError with exit code 2 for what it does not know. */
export function runCommandOptions(args: readonly string[]): RunCommandOptions | null {
  const own = ownWords(args);
  const { values, positionals } = parsed(args.slice(0, own));
  if (values.help === true) return null;
  const [path] = positionals;
  if (path === undefined) throw misuse('Name a file to run', help);
  const seconds = values.seconds === undefined ? null : Number(values.seconds);
  if (seconds !== null && !(seconds > 0)) throw misuse('--seconds takes a number', help);
  return {
    path,
    args: args.slice(own),
    language: values.language ?? 'python',
    seconds,
    egress: egressOf(values.egress ?? []),
    url: values.url ?? null,
    tokenFile: values['token-file'] ?? null,
  };
}

/** How many words there are up to the first that is neither an option nor the value of one, with that one. */
function ownWords(args: readonly string[]): number {
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const file = tokens.find(({ kind }) => kind === 'positional');
  return file === undefined ? args.length : file.index + 1;
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw misuse(error, help);
  }
}
