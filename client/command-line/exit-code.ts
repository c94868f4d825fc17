/** How the end of a REPL, or of this command by a signal, becomes an exit code. Pure. */
import { constants } from 'node:os';
import type { TerminalExit } from '../protocol.js';

const signalNumbers: Readonly<Record<string, number>> = constants.signals;

/** 128 + the signal's number, as shells say it; 1 for an end that was neither. */
export function exitCodeOf({ exitCode, signal }: Pick<TerminalExit, 'exitCode' | 'signal'>): number {
  if (exitCode !== null) return exitCode & 0xff;
  const number = signal === null ? undefined : signalNumbers[signal];
  return number === undefined ? 1 : 128 + number;
}
