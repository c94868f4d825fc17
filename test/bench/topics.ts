/** What can be measured, by topic. */
import { benchApi } from './api.js';
import { benchBookkeeping } from './bookkeeping/bookkeeping.js';
import { benchBrowser } from './browser.js';
import { benchClassroom } from './classroom.js';
import type { BenchDriver } from './driver.js';
import { benchEvaluate } from './evaluate.js';
import type { Figure } from './figure.js';
import { benchPeers } from './peers/peers.js';
import { benchProxy } from './proxy.js';
import { benchRun } from './run.js';
import { benchScale } from './scale.js';
import { benchStart } from './start.js';
import { benchTerminal } from './terminal.js';

export type Bench = () => Promise<Figure[]>;
/** Its benches in order, each with the driver that it is of, if of one. */
export type Topic = (
  drivers: readonly BenchDriver[],
  imageTag: string,
) => readonly (readonly [BenchDriver | null, Bench])[];

type OfDriver = (driver: BenchDriver, imageTag: string) => Promise<Figure[]>;

const onEach =
  (...benches: readonly OfDriver[]): Topic =>
  (drivers, tag) =>
    drivers.flatMap((driver) => benches.map((bench) => [driver, () => bench(driver, tag)] as const));

export const topics: Readonly<Record<string, Topic>> = {
  start: onEach(benchStart),
  terminal: onEach(benchTerminal),
  api: onEach(benchApi, benchRun, benchEvaluate),
  proxy: () => [[null, benchProxy]],
  peers: (_drivers, tag) => [[null, () => benchPeers(tag)]],
  browser: onEach(benchBrowser),
  bookkeeping: () => [[null, benchBookkeeping]],
  scale: onEach(benchScale),
  classroom: onEach(benchClassroom),
};

/** What is measured where nothing is asked for; the others take many minutes by themselves. */
export const overview = ['start', 'terminal', 'api', 'proxy', 'peers', 'browser'] as const;
