/** `npm run bench -- <topic> [driver …]`: prints a line of JSON for each figure, and fails when one misses its target. */
import { benchBrowser } from './browser.js';
import { benchDrivers, type BenchDriver } from './driver.js';
import type { Figure } from './figure.js';
import { benchStart } from './start.js';
import { benchTerminal } from './terminal.js';

const topics: Readonly<Record<string, (driver: BenchDriver, imageTag: string) => Promise<Figure[]>>> = {
  browser: benchBrowser,
  start: benchStart,
  terminal: benchTerminal,
};

const [name = '', ...asked] = process.argv.slice(2);
const topic = topics[name];
const drivers = benchDrivers.filter((driver) => asked.length === 0 || asked.includes(driver));
if (topic === undefined || drivers.length < asked.length) {
  const usage = `usage: npm run bench -- ${Object.keys(topics).join('|')} [${benchDrivers.join('] [')}]`;
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}

const tag = process.env.REPL_RUNNER_IMAGE_TAG ?? 'latest';
let missed = 0;
for (const driver of drivers) {
  for (const line of await topic(driver, tag)) {
    process.stdout.write(`${JSON.stringify(line)}\n`);
    if (!line.pass) missed += 1;
  }
}
process.exit(missed === 0 ? 0 : 1);
