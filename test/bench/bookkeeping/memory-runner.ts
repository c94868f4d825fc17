/**
 * The program that `bookkeeping` measures: a whole service, as `main` starts it, over a MemoryDriver. To its parent it tells
 * its URL, and when asked what it holds and has spent.
 */
import { fileURLToPath } from 'node:url';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseConfig } from '../../../src/config.js';
import { giveBuffersTime } from '../../../src/heap.js';
import { createLogger } from '../../../src/logger.js';
import { Service } from '../../../src/service.js';
import { MemoryDriver } from './memory-driver.js';

/** What the program tells of itself; times since it was last asked. */
export interface Facts {
  /** Of live objects and of buffers outside the heap. */
  readonly heapBytes: number;
  readonly cpuMs: number;
  readonly wallMs: number;
  /** The longest that the event loop came late, seen every `sampleMs`. */
  readonly latestMs: number;
}

export type Message = { readonly url: string } | { readonly facts: Facts };

giveBuffersTime();
const driver = new MemoryDriver();
const config = parseConfig(process.env);
const service = new Service({
  config,
  driver,
  logger: createLogger({ level: config.logLevel, replica: config.replica }),
  imagesFolder: fileURLToPath(new URL('../../../../images', import.meta.url)),
  sha: 'bench',
});

const tell = (message: Message): void => {
  process.send?.(message);
};
/** Each sample wakes the process, which costs what is measured. */
const sampleMs = 10;
/** What waited for the collection of garbage is done by then. */
const settleMs = 1_000;
const late = monitorEventLoopDelay({ resolution: sampleMs });
let [cpu, since] = [process.cpuUsage(), performance.now()];

function begin(): void {
  late.reset();
  late.enable();
  [cpu, since] = [process.cpuUsage(), performance.now()];
}

function facts(): Facts {
  const { user, system } = process.cpuUsage(cpu);
  const wallMs = performance.now() - since;
  late.disable();
  const latestMs = Math.max(0, late.max / 1e6 - sampleMs);
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { heapBytes: heapUsed + external, cpuMs: (user + system) / 1000, wallMs, latestMs };
}

process.on('message', () => {
  tell({ facts: facts() });
  setTimeout(begin, settleMs);
});
process.once('disconnect', () => process.exit());

tell(await service.start());
