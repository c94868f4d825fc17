/**
 * What a runner says when it listens: the line that programs wait for and, to a person at a terminal, what to try next; and
 * what it leaves when it stops. It only makes the text.
 */

export interface Listening {
  /** Where it listens, which may be every address that there is. */
  readonly url: string;
  readonly driver: string;
  readonly needsToken: boolean;
}

/** Where the command line looks by itself. */
const defaultUrl = 'http://127.0.0.1:4657';
const everyAddress = /^http:\/\/(0\.0\.0\.0|\[::\]):/;

export function listeningLine({ url, driver }: Listening): string {
  return `repl_runner listens on ${url} (sandboxes by ${driver})`;
}

export function nextSteps(listening: Listening): string {
  const url = listening.url.replace(everyAddress, 'http://127.0.0.1:');
  const named = url === defaultUrl ? '' : `--url ${url} `;
  const token = listening.needsToken ? ` -H "Authorization: Bearer $REPL_RUNNER_API_TOKEN"` : '';
  const page = listening.needsToken ? '' : `\nA REPL in the browser: ${url}/\n`;
  const needed = listening.needsToken ? ', with the token in REPL_RUNNER_API_TOKEN' : '';
  return `${page}
From another shell, in this folder${needed}:

  npm run repl -- ${named}examples/hiker
  echo 'import hiker; print(hiker.answer())' | npm run -s repl -- ${named}examples/hiker
  curl -s${token} ${url}/repl -H 'Content-Type: application/json' -d '{"language":"python","files":{"hiker.py":"answer = 42"}}'

The calls are described in docs/api.md. Ctrl-C stops.`;
}

/** What somebody has to know who finds containers after the runner has gone. */
export function farewell(outlivingSessions: number, orphanSeconds: number): string {
  const [one, many] = ['1 session goes on in its container', `${outlivingSessions} sessions go on in their containers`];
  return `${outlivingSessions === 1 ? one : many} until no runner has been there for ${orphanSeconds} s.`;
}
