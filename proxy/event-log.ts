/** The log of a proxy that is a process: one JSON line for each thing that it tells, refusals as warnings. */
import { destination, pino, stdTimeFunctions, type LevelWithSilent } from 'pino';
import type { ProxyEvent } from './options.js';

/** What `onEvent` may be; lines go to standard output, written in the background. */
export function createEventLog(level: LevelWithSilent): (event: ProxyEvent) => void {
  const logger = pino(
    { level, base: null, timestamp: stdTimeFunctions.isoTime },
    destination({ dest: 1, sync: false }),
  );
  return (event) => {
    const { name, ...fields } = event;
    if ('code' in fields) logger.warn({ ...fields, cause: undefined, err: fields.cause }, name);
    else logger.info(fields, name);
  };
}
