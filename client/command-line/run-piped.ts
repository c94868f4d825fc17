/**
 * Runs what was piped into the command: a Python program with the semantics of a pipe, or text typed into another REPL.
 * The pipe was read to its end before, as an interpreter does.
 */
import { once } from 'node:events';
import { ClientError } from './client-error.js';
import type { TerminalExit } from '../protocol.js';
import { ProgramReader, type ProgramOutput } from './piped-program.js';
import { TerminalRun, type TerminalPlace } from './terminal-run.js';

/** It travels as `startup` in the request that starts the session; a runner takes no more there. */
const maxProgramBytes = 256 * 1024;
/** The word that the loader waits for. */
const go = Buffer.from('\n');
const endOfInput = '\x04';

/** Resolves when the program has ended and its output was taken by stdout and stderr. */
export async function runPiped(place: TerminalPlace, mark: string, signal: AbortSignal): Promise<TerminalExit> {
  const lost = new AbortController();
  const reader = new ProgramReader(mark, () => {
    // Before that `onReplayed` says it, after every connection anew.
    if (session.mayType) session.input(go);
  });
  const session: TerminalRun = new TerminalRun(place, {
    onOutput: (data, taken) => {
      void writeAll(reader.read(Buffer.from(data.buffer, data.byteOffset, data.length))).then(taken);
    },
    onReplayed: () => {
      if (reader.waits) session.input(go);
    },
    onReset: () => {
      lost.abort(new ClientError('A part of the output was lost with the connection.'));
    },
    onNotice: notice,
  });
  const exit = await session.untilExit(AbortSignal.any([signal, lost.signal]));
  await writeAll([]);
  if (!reader.complete) process.stderr.write(`${reader.stray.trim()}\n`);
  return exit;
}

/** Types the text into the REPL, then Ctrl-D on a line of its own. */
export async function typePiped(place: TerminalPlace, text: Buffer, signal: AbortSignal): Promise<TerminalExit> {
  const whole = Buffer.concat([text, Buffer.from(text.at(-1) === 10 ? endOfInput : `\n${endOfInput}`)]);
  let typed = false;
  const session = new TerminalRun(place, {
    onOutput: (data, taken) => {
      process.stdout.write(data, taken);
    },
    onReplayed: () => {
      typed ||= session.input(whole);
    },
    onReset: () => undefined,
    onNotice: notice,
  });
  const exit = await session.untilExit(signal);
  await writeAll([]);
  return exit;
}

/** Resolves when both streams have taken everything up to here. */
async function writeAll(outputs: readonly ProgramOutput[]): Promise<void> {
  for (const { channel, data } of outputs) process[channel].write(data);
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableNeedDrain && !stream.destroyed) await once(stream, 'drain').catch(() => undefined);
  }
}

function notice(sentence: string): void {
  process.stderr.write(`» ${sentence}\n`);
}

/** Throws ClientError for more than a session can be started with. */
export function checkSize(bytes: number): void {
  if (bytes <= maxProgramBytes) return;
  throw new ClientError(
    `The program on stdin is larger than ${maxProgramBytes / 1024} KiB. Put it into a file among those that you give, and pipe an import of it.`,
  );
}
