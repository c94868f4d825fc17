/**
 * A runner for one command, where none listens at the default address: on a free port, behind a token that only this
 * command knows, stopped at the end. A pipe that breaks with this process stops it as well, so that even a SIGKILL here
 * leaves no runner behind. How a runner is installed and built is the business of scripts/start.mjs.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ClientError } from './client-error.js';
import type { RunnerAddress } from './runner-address.js';

// Compiled, this file is dist/client/command-line/start-own-runner.js.
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A first start may build an image. */
const startTimeoutMs = 15 * 60_000;
/** Starts that are quicker than this are not worth a word. */
const quietMs = 300;
/** A runner cuts its own stop short after 20 s. */
const stopTimeoutMs = 25_000;
const keptLines = 30;

/** Runs "$0" "$1" until it ends or descriptor 3 is closed, and ends as it ended. */
const lifeline = `
"$0" "$1" 3<&- & runner=$!
{ read -r word <&3; kill -TERM $runner; } 2>/dev/null & watcher=$!
wait $runner; code=$?
kill $watcher 2>/dev/null
exit $code`;

export interface OwnRunner {
  readonly address: RunnerAddress;
  readonly stop: () => Promise<void>;
}

export interface OwnRunnerOptions {
  readonly language: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Rejects with what the runner said when it does not start. */
export async function startOwnRunner(options: OwnRunnerOptions): Promise<OwnRunner> {
  const token = randomBytes(24).toString('hex');
  const child = spawn('/bin/sh', ['-c', lifeline, process.execPath, 'scripts/start.mjs'], {
    cwd: root,
    env: runnerEnvironment(options, token),
    // A group of its own: a Ctrl-C or hangup of the terminal reaches this command, which then stops the runner in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const stop = (): Promise<void> => stopRunner(child);
  try {
    const url = await listening(child, options);
    return { address: { url, token, isDefault: false }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function runnerEnvironment({ language, env }: OwnRunnerOptions, token: string): NodeJS.ProcessEnv {
  const { REPL_RUNNER_URL: _url, ...rest } = env;
  return {
    REPL_RUNNER_POOL: `${language}=1`,
    REPL_RUNNER_LOG_LEVEL: 'warn',
    ...rest,
    REPL_RUNNER_HOST: '127.0.0.1',
    REPL_RUNNER_PORT: '0',
    REPL_RUNNER_API_TOKEN: token,
  };
}

/** The address that the runner says it listens on. */
function listening(child: ChildProcess, { say, signal }: OwnRunnerOptions): Promise<string> {
  const kept: string[] = [];
  let loud = false;
  return new Promise<string>((resolve, reject) => {
    const speak = setTimeout(() => {
      loud = true;
      for (const line of ['No runner listens here; starting one for this session …', ...kept]) say(line);
    }, quietMs);
    const timeout = setTimeout(() => {
      reject(new ClientError('The runner was not up after 15 minutes. Start it with npm start to see why.'));
    }, startTimeoutMs);
    const settle = (): void => {
      loud = false;
      clearTimeout(speak);
      clearTimeout(timeout);
    };
    const abort = (): void => {
      settle();
      reject(new ClientError('The start of a runner was broken off.'));
    };
    signal.addEventListener('abort', abort, { once: true });
    const hear = (line: string): void => {
      const url = /repl_runner listens on (http:\/\/\S+)/.exec(line)?.[1];
      if (url !== undefined) {
        settle();
        resolve(url);
      } else if (line.trim() !== '' && !line.startsWith('{')) {
        const words = line.replace(/^» /, '');
        if (loud) say(words);
        kept.push(words);
        kept.splice(0, kept.length - keptLines);
      }
    };
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) readLines(stream, hear);
    child.once('error', reject);
    child.once('close', () => {
      const wasLoud = loud;
      settle();
      const why = wasLoud ? '' : `\n${kept.join('\n')}`;
      reject(new ClientError(`No runner could be started. Name one with --url, or see above.${why}`));
    });
    if (signal.aborted) abort();
  });
}

function readLines(stream: Readable, hear: (line: string) => void): void {
  createInterface({ input: stream }).on('line', hear);
}

async function stopRunner(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdio[3]?.destroy();
  const { pid } = child;
  const timer = setTimeout(() => {
    process.kill(-pid, 'SIGKILL');
  }, stopTimeoutMs);
  await ended;
  clearTimeout(timer);
}
