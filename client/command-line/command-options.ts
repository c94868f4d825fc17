/**
 * The words that may follow the command, and the text of --help. Pure: it looks at no file, no environment and no network.
 */
import { parseArgs } from 'node:util';
import { misuse } from './misuse.js';

export interface CommandOptions {
  readonly kind: 'run' | 'help' | 'version';
  readonly paths: readonly string[];
  readonly language: string;
  /** As typed; null means the environment's, or the default. */
  readonly url: string | null;
  readonly tokenFile: string | null;
  readonly keep: boolean;
  /** Names that the REPL may reach; true for all that the runner allows. */
  readonly egress: true | readonly string[];
}

export const helpText = `Usage: npm run repl -- [options] [folder or files …]
       npm run repl -- run [options] <file> [arguments …]    (see run --help)
       npm run repl -- files <action> <session> …    (see files --help)
       npm run repl -- evaluate [options] <solution file> <cases.json>    (see evaluate --help)

Starts a REPL that has your files, and puts this terminal into it. A folder's content lies at the top of the REPL's
workspace; files lie there by their own names. Without a path the workspace is empty. .git, node_modules, __pycache__
and .venv are left out.

Options:
  --language NAME    the language of the REPL (default: python)
  --url URL          the runner (default: REPL_RUNNER_URL, else http://127.0.0.1:4657)
  --token-file FILE  a file with the runner's API token (default: REPL_RUNNER_API_TOKEN)
  --egress NAME      let the REPL reach this name, if the runner allows it; \`all\`: all that it allows; may be repeated
  --keep             do not delete the session at the end; its id goes to stderr
  --help, --version

Where nothing listens at the default address, a runner of your own is started for this session and stopped after it.

At a terminal: every key goes to the REPL. Leaving the REPL (exit(), Ctrl-D) ends the session and the command, whose exit
code is the REPL's, or 128 + the signal's number. A hangup or a SIGTERM of this command deletes the session as well. A lost
connection is resumed for up to a minute; what is typed meanwhile is dropped.

With piped stdin and Python: the same as \`python3 < program\` beside your files, without banner, prompts or echo. stdout,
stderr and the exit code are the program's; its own stdin is the rest of the program, as there. At most 256 KiB.

  echo 'import hiker; print(hiker.answer())' | npm run -s repl -- examples/hiker

With piped stdin and another language: the text is typed into the REPL, then Ctrl-D; stdout has all that the terminal shows.

Exit codes of its own: 1 the runner or the network failed, 2 wrong use, 128 + n ended by signal n.
`;

/** Throws ClientError with exit code 2 for what it does not know. */
export function parseCommandOptions(args: readonly string[]): CommandOptions {
  const { values, positionals } = parsed(args);
  return {
    kind: values.help === true ? 'help' : values.version === true ? 'version' : 'run',
    paths: positionals,
    language: values.language ?? 'python',
    url: values.url ?? null,
    tokenFile: values['token-file'] ?? null,
    keep: values.keep ?? false,
    egress: egressOf(values.egress ?? []),
  };
}

/** As typed, or `all`. */
export function egressOf(names: readonly string[]): true | readonly string[] {
  return names.includes('all') ? true : names;
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        language: { type: 'string', short: 'l' },
        url: { type: 'string' },
        'token-file': { type: 'string' },
        egress: { type: 'string', multiple: true },
        keep: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw misuse(error, '--help');
  }
}
