/** What this process holds, as the kernel and V8 tell, once its garbage is collected. */
import { readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { Find } from './fuzz-target.js';

export interface Resources {
  readonly descriptors: number;
  readonly heapBytes: number;
  /** Outside V8's heap: buffers, and what native code holds. */
  readonly externalBytes: number;
  readonly timers: number;
}

/** Garbage comes and goes; what leaks with each of many thousand inputs is more. */
const slackBytes = 24 * 1024 * 1024;
/** Connections that the kernel has not closed yet. */
const slackDescriptors = 4;
const slackTimers = 8;

/** Needs `--expose-gc`. */
export async function resources(): Promise<Resources> {
  // Twice: finalizers of the first round free what only the second one collects.
  for (let round = 0; round < 2; round += 1) {
    await setImmediate();
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    heapBytes: heapUsed,
    externalBytes: external,
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
  };
}

/** Throws Find where there is more than there was. */
export function mustNotGrow(before: Resources, after: Resources): void {
  const grown: [string, number, number][] = [
    ['descriptors', after.descriptors - before.descriptors, slackDescriptors],
    ['bytes on the heap', after.heapBytes - before.heapBytes, slackBytes],
    ['bytes outside the heap', after.externalBytes - before.externalBytes, slackBytes],
    ['timers', after.timers - before.timers, slackTimers],
  ];
  const leaks = grown.filter(([, more, slack]) => more > slack).map(([what, more]) => `${more} more ${what}`);
  if (leaks.length > 0) throw new Find(`a leak: ${leaks.join(', ')}`);
}
