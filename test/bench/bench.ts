/** `npm run bench -- <topic> [driver …]`: prints a line of JSON for each figure, and fails when one misses its target. */
import { benchBrowser } from './browser.js';
import { benchDrivers, type BenchDriver } from './driver.js';
import type { Figure } from './figure.js';
import { benchProxy } from './proxy.js';
import { benchStart } from './start.js';
import { benchTerminal } from './terminal.js';

type Bench = () => Promise<Figure[]>;

const [name = '', ...asked] = process.argv.slice(2);
const drivers = benchDrivers.filter((driver) => asked.length === 0 || asked.includes(driver));
const imageTag = process.env.REPL_RUNNER_IMAGE_TAG ?? 'latest';

const onEach = (bench: (driver: BenchDriver, tag: string) => Promise<Figure[]>): Bench[] =>
  drivers.map((driver) => () => bench(driver, imageTag));

/** The benches of each topic, whose figures are printed as soon as they are known. */
const topics: Readonly<Record<string, Bench[]>> = {
  browser: onEach(benchBrowser),
  start: onEach(benchStart),
  terminal: onEach(benchTerminal),
  proxy: [benchProxy],
};

const benches = topics[name];
if (benches === undefined || drivers.length < asked.length) {
  const usage = `usage: npm run bench -- ${Object.keys(topics).join('|')} [${benchDrivers.join('] [')}]`;
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}
let missed = 0;
for (const bench of benches) {
  for (const line of await bench()) {
    process.stdout.write(`${JSON.stringify(line)}\n`);
    if (!line.pass) missed += 1;
  }
}
process.exit(missed === 0 ? 0 : 1);
