/** `npm run bench -- <topic> [driver …]`: prints a line of JSON for each figure, and fails when one misses its target. */
import { benchBrowser } from './browser.js';
import { benchDrivers, type BenchDriver } from './driver.js';
import type { Figure } from './figure.js';
import { benchProxy } from './proxy.js';
import { benchStart } from './start.js';
import { benchTerminal } from './terminal.js';

type Bench = (driver: BenchDriver, imageTag: string) => Promise<Figure[]>;

/** What is measured on each driver. */
const onDrivers: Readonly<Record<string, Bench>> = {
  browser: benchBrowser,
  start: benchStart,
  terminal: benchTerminal,
};
/** What no driver has a part in. */
const alone: Readonly<Record<string, () => Promise<Figure[]>>> = { proxy: benchProxy };

const [name = '', ...asked] = process.argv.slice(2);
const drivers = benchDrivers.filter((driver) => asked.length === 0 || asked.includes(driver));
const tag = process.env.REPL_RUNNER_IMAGE_TAG ?? 'latest';
const bench = onDrivers[name];
const single = alone[name];
// Groups are printed as soon as they are known.
const groups = bench === undefined ? [] : drivers.map((driver) => () => bench(driver, tag));
if (single !== undefined) groups.push(single);
if (groups.length === 0 || drivers.length < asked.length) {
  const topics = [...Object.keys(onDrivers), ...Object.keys(alone)].join('|');
  process.stderr.write(`usage: npm run bench -- ${topics} [${benchDrivers.join('] [')}]\n`);
  process.exit(2);
}

let missed = 0;
for (const group of groups) {
  for (const line of await group()) {
    process.stdout.write(`${JSON.stringify(line)}\n`);
    if (!line.pass) missed += 1;
  }
}
process.exit(missed === 0 ? 0 : 1);
