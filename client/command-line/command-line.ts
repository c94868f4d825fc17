/**
 * The command `npm run repl`, unless its first word names another one: packs the files, finds or starts a runner, starts
 * a session, and puts the person's terminal or the piped program into it. The only file of the client that reads
 * process.argv and process.env and that decides the exit code; the session and a runner of its own are gone when it ends.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ClientError } from './client-error.js';
import { helpText, parseCommandOptions, type CommandOptions } from './command-options.js';
import { Ending } from './ending.js';
import { exitCodeOf } from './exit-code.js';
import { interact } from './interact.js';
import { OwnTerminal, sizeOf } from './own-terminal.js';
import { packFolder } from './pack-folder.js';
import { startupFor } from './piped-program.js';
import { readPiped } from './read-piped.js';
import { checkSize, runPiped, typePiped } from './run-piped.js';
import type { TerminalExit, TerminalSize } from '../protocol.js';
import type { ReplClient } from '../repl-client.js';
import { clientFailure } from './client-failure.js';
import { filesCommand } from './files-command.js';
import { evaluateCommand } from './evaluate-command.js';
import { reachRunner } from './reach-runner.js';
import { runCommand } from './run-command.js';
import type { TerminalPlace } from './terminal-run.js';

/** What this command does with a session: the code that it starts with, and the way to its end. */
interface Use {
  readonly startup: string | null;
  run(place: TerminalPlace): Promise<TerminalExit>;
}

interface StartOf {
  readonly language: string;
  readonly archive: Uint8Array | null;
  readonly startup: string | null;
  readonly terminal: TerminalSize;
  readonly egress: CommandOptions['egress'];
}

function say(line: string): void {
  process.stderr.write(`» ${line}\n`);
}

function print(text: string): void {
  process.stdout.write(text);
}

async function chooseUse({ language }: CommandOptions, ending: Ending): Promise<Use> {
  if (process.stdin.isTTY) {
    const terminal = new OwnTerminal(process.stdin, process.stdout);
    return { startup: null, run: (place) => interact(place, terminal, ending) };
  }
  const program = await readPiped(process.stdin, ending.signal, checkSize);
  if (language !== 'python') return { startup: null, run: (place) => typePiped(place, program, ending.signal) };
  const mark = randomBytes(16).toString('hex');
  const startup = startupFor(program, mark);
  checkSize(startup.length);
  return { startup, run: (place) => runPiped(place, mark, ending.signal) };
}

/** The id of the new session. */
async function startSession(
  client: ReplClient,
  { archive, startup, egress, ...options }: StartOf,
  signal: AbortSignal,
): Promise<string> {
  const { id } = await client
    .start(
      {
        ...options,
        ...(archive === null ? {} : { archive }),
        ...(startup === null ? {} : { startup }),
        ...(egress !== true && egress.length === 0 ? {} : { egress }),
      },
      { signal },
    )
    .catch((error: unknown) => {
      throw clientFailure(error);
    });
  return id;
}

async function useSession(client: ReplClient, options: CommandOptions, ending: Ending): Promise<TerminalExit> {
  const { language, keep, egress } = options;
  const archive = await packFolder(options.paths);
  const use = await chooseUse(options, ending);
  const id = await startSession(
    client,
    { language, archive, startup: use.startup, terminal: sizeOf(process.stdout), egress },
    ending.signal,
  );
  try {
    return await use.run({ client, id });
  } finally {
    if (keep) say(`The session is kept: ${id}`);
    else
      await client.end(id).catch((error: unknown) => {
        say(`The session could not be deleted. ${error instanceof Error ? error.message : ''}`);
      });
  }
}

async function run(options: CommandOptions, ending: Ending): Promise<number> {
  const runner = await reachRunner({ ...options, env: process.env, signal: ending.signal, say });
  try {
    return exitCodeOf(await useSession(runner.client, options, ending));
  } finally {
    await runner.stop();
  }
}

async function version(): Promise<string> {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  return /"version": "([^"]+)"/.exec(text)?.[1] ?? 'unknown';
}

async function main(args: readonly string[], ending: Ending): Promise<number> {
  const [word, ...rest] = args;
  if (word === 'run') return await runCommand(rest, { env: process.env, signal: ending.signal, say, print });
  if (word === 'files') {
    const print = (content: string | Uint8Array): void => void process.stdout.write(content);
    return await filesCommand(rest, { env: process.env, signal: ending.signal, stdin: process.stdin, print });
  }
  if (word === 'evaluate') return await evaluateCommand(rest, { env: process.env, signal: ending.signal, say, print });
  const options = parseCommandOptions(args);
  if (options.kind === 'run') return await run(options, ending);
  print(options.kind === 'help' ? helpText : `repl_runner ${await version()}\n`);
  return 0;
}

const ending = new Ending();
ending.listen();
try {
  process.exitCode = await main(process.argv.slice(2), ending);
} catch (error) {
  if (!(error instanceof ClientError) && ending.exitCode === null) throw error;
  if (error instanceof ClientError && ending.exitCode === null) process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof ClientError ? error.exitCode : 1;
}
if (ending.exitCode !== null) process.exitCode = ending.exitCode;
// Whatever a stream or a socket still holds open must not keep a finished command alive.
process.exit();
