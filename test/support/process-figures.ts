/** What a Node.js process that was started with `preload` holds, after it has collected its garbage. */
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { eventually } from './eventually.js';
import { socketsOfProcess } from './open-sockets.js';

/** Environment of such a process. */
export const measurable = { NODE_OPTIONS: `--import ${resolve('test/support/figures-on-signal.mjs')}` };

export interface ProcessFigures {
  /** Bytes of living objects, and of buffers outside the heap. */
  readonly held: number;
  /** Bytes that the kernel counts. */
  readonly resident: number;
  readonly descriptors: number;
  readonly sockets: number;
}

interface Measured {
  readonly pid: number;
  readonly said: string;
}

const figures = /^figures (\{.*\})$/gm;

export async function figuresOf(measured: Measured): Promise<ProcessFigures> {
  const said = (): RegExpMatchArray[] => [...measured.said.matchAll(figures)];
  const before = said().length;
  process.kill(measured.pid, 'SIGUSR2');
  await eventually('figures', () => said().length > before);
  const { rss, heapUsed, external } = JSON.parse(said().at(-1)?.[1] ?? '{}') as Record<string, number>;
  return {
    held: (heapUsed ?? NaN) + (external ?? NaN),
    resident: rss ?? NaN,
    descriptors: readdirSync(`/proc/${measured.pid}/fd`).length,
    sockets: socketsOfProcess(measured.pid),
  };
}
