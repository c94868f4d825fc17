/** The words behind `files`, and the text of its --help. Pure. */
import { parseArgs } from 'node:util';
import { misuse } from './misuse.js';

export const filesHelp = `Usage: npm run repl -- files [options] <action> <session> …

Works on the files of a session that is there already. <session> is its id, or its address, http://host/repl/<id>.

  list <session> [folder]        what is there, and below
  get  <session> <path> [file]   a file's content, to a file here or to stdout
  put  <session> <file> <path>   a file from here (- is stdin) to that path; folders on the way are made
  rm   <session> <path>          removes a file, or a folder with all that is in it
  mv   <session> <path> <path>   renames or moves; never onto something that is there

Options: --url URL, --token-file FILE, --help  as without files

Exit codes: 0 done, 1 the runner refused or failed, 2 wrong use.
`;

const help = 'files --help';

/** How many words each action takes behind the session, at least and at most. */
const wordsOf = { list: [0, 1], get: [1, 2], put: [2, 2], rm: [1, 1], mv: [2, 2] } as const;

export interface FilesOptions {
  readonly action: keyof typeof wordsOf;
  /** Its id. */
  readonly session: string;
  readonly words: readonly string[];
  readonly url: string | null;
  readonly tokenFile: string | null;
}

/** Throws ClientError with exit code 2 for what it does not know. */
export function parseFilesOptions(args: readonly string[]): FilesOptions | { readonly help: string } {
  const { values, positionals } = parsed(args);
  if (values.help === true) return { help: filesHelp };
  const [word = '', session, ...words] = positionals;
  if (!isAction(word) || session === undefined) throw misuse('Give an action and a session', help);
  const [least, most] = wordsOf[word];
  if (words.length < least || words.length > most) throw misuse(`files ${word} takes other words`, help);
  const address = /^(https?:\/\/.*)\/repl\/([^/]+)\/?$/.exec(session);
  return {
    action: word,
    session: address?.[2] ?? session,
    words,
    url: address?.[1] ?? values.url ?? null,
    tokenFile: values['token-file'] ?? null,
  };
}

function isAction(word: string): word is keyof typeof wordsOf {
  return Object.hasOwn(wordsOf, word);
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        url: { type: 'string' },
        'token-file': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw misuse(error, help);
  }
}
