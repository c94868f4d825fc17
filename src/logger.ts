/**
 * Makes the logger that modules are given. Events are named `noun-verb`, as the message of the line. Terminal bytes, file
 * contents, environments and tokens are never logged; ids go through `maskId`.
 */
import { destination, pino, stdTimeFunctions, type DestinationStream, type Level } from 'pino';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: Level | 'silent';
  readonly replica: string;
  /** By default standard output, written in the background. */
  readonly stream?: DestinationStream;
}

export function createLogger({ level, replica, stream }: LoggerOptions) {
  return pino(
    { level, base: { replica }, timestamp: stdTimeFunctions.isoTime },
    stream ?? destination({ dest: 1, sync: false }),
  );
}
