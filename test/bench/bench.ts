/** `npm run bench -- <topic>`: prints a line of JSON for each figure, and fails when one misses its target. */
import type { Figure } from './figure.js';
import { benchProxy } from './proxy.js';
import { benchStart, type BenchDriver } from './start.js';

const [topic = 'start', ...names] = process.argv.slice(2);
const tag = process.env.REPL_RUNNER_IMAGE_TAG ?? 'latest';
const drivers = (names.length > 0 ? names : ['docker', 'bubblewrap']) as BenchDriver[];

/** The figures of each topic, in groups that are printed as soon as they are known. */
const topics: Readonly<Record<string, (() => Promise<Figure[]>)[]>> = {
  start: drivers.map((driver) => () => benchStart(driver, tag)),
  proxy: [benchProxy],
};

const groups = topics[topic];
if (groups === undefined) {
  process.stderr.write('usage: npm run bench -- start [docker] [bubblewrap] | proxy\n');
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
