/** The limits that a request asks for, in the runner's own units. */
import { mib } from '../config/settings.js';
import type { Limits } from '../sandbox/limits.js';
import type { StartOptions } from './schemas.js';

/** Only what was asked for; the schema has checked it against the operator's maxima. */
export function requestedLimits(asked: NonNullable<StartOptions['limits']>): Partial<Limits> {
  const { cpus, memory_mib: memoryMib, processes, disk_mib: diskMib, inodes } = asked;
  const { open_files: openFiles, file_mib: fileMib } = asked;
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(memoryMib === undefined ? {} : { memoryBytes: memoryMib * mib }),
    ...(processes === undefined ? {} : { processes }),
    ...(diskMib === undefined ? {} : { diskBytes: diskMib * mib }),
    ...(inodes === undefined ? {} : { inodes }),
    ...(openFiles === undefined ? {} : { openFiles }),
    ...(fileMib === undefined ? {} : { fileBytes: fileMib * mib }),
  };
}
