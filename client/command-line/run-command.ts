/**
 * The command `npm run repl -- run`: a program with the files beside it, once, in a fresh sandbox. Its outputs go to this
 * command's own as they come, and its exit code becomes this command's.
 */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Writable } from 'node:stream';
import type { RunResult } from '../run-result.js';
import { clientFailure } from './client-failure.js';
import { ClientError, misused } from './client-error.js';
import type { CommandPlace } from './command-place.js';
import { exitCodeOf } from './exit-code.js';
import { packFolder } from './pack-folder.js';
import { reachRunner } from './reach-runner.js';
import { readPiped } from './read-piped.js';
import { runHelp, runCommandOptions, type RunCommandOptions } from './run-command-options.js';

/** It travels in the body of the request, as base64. */
const maxStdinBytes = 8 * 1024 * 1024;

/** Resolves with the exit code. Throws ClientError. */
export async function runCommand(args: readonly string[], place: CommandPlace): Promise<number> {
  const options = runCommandOptions(args);
  if (options === null) {
    place.print(runHelp);
    return 0;
  }
  const program = await programAt(options.path);
  const stdin = process.stdin.isTTY ? null : await readPiped(process.stdin, place.signal, checkSize);
  const runner = await reachRunner({ ...options, env: place.env, signal: place.signal, say: place.say });
  try {
    const { language, args: words, seconds, egress } = options;
    const result = await runner.client.runOnce(
      {
        ...{ language, ...program, args: words },
        ...(stdin === null ? {} : { stdin }),
        ...(seconds === null ? {} : { limits: { wall_seconds: seconds } }),
        ...(egress !== true && egress.length === 0 ? {} : { egress }),
      },
      { signal: place.signal, listener: listenerTo(process.stdout, process.stderr) },
    );
    return told(result, place);
  } catch (error) {
    throw clientFailure(error);
  } finally {
    await runner.stop();
  }
}

/** A file with the folder around it, or a folder with the file that its language runs by default. */
async function programAt(path: RunCommandOptions['path']): Promise<{ archive: Uint8Array; file?: string }> {
  const status = await stat(path).catch((cause: unknown) => {
    throw new ClientError(`There is no ${path}.`, { exitCode: misused, cause });
  });
  const folder = status.isDirectory() ? path : dirname(path);
  const archive = await packFolder([folder]);
  if (archive === null) throw new ClientError(`There is nothing in ${folder}.`, { exitCode: misused });
  return status.isDirectory() ? { archive } : { archive, file: basename(path) };
}

function checkSize(bytes: number): void {
  if (bytes > maxStdinBytes) throw new ClientError(`stdin has more than ${maxStdinBytes / 1024 / 1024} MiB.`);
}

function listenerTo(stdout: Writable, stderr: Writable) {
  const to = (stream: Writable) => async (data: Uint8Array) => {
    if (!stream.write(data) && !stream.destroyed) await once(stream, 'drain').catch(() => undefined);
  };
  return { onStdout: to(stdout), onStderr: to(stderr), onBuildStdout: to(stderr), onBuildStderr: to(stderr) };
}

function told({ build, ...run }: RunResult, { say }: CommandPlace): number {
  const last = build !== null && build.outcome !== 'ok' ? build : run;
  if (!['ok', 'runtime_error', 'signal'].includes(last.outcome)) {
    say(`${last === build ? 'The build' : 'The program'} was ended: ${last.outcome}.`);
  }
  return exitCodeOf(last);
}
