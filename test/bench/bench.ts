/** `npm run bench -- start`: prints a line of JSON for each figure, and fails when one misses its target. */
import { benchStart, type BenchDriver } from './start.js';

const [topic = 'start', ...names] = process.argv.slice(2);
const drivers = (names.length > 0 ? names : ['docker', 'bubblewrap']) as BenchDriver[];
const tag = process.env.REPL_RUNNER_IMAGE_TAG ?? 'latest';

let missed = 0;
if (topic !== 'start') {
  process.stderr.write('usage: npm run bench -- start [docker] [bubblewrap]\n');
  process.exit(2);
}
for (const driver of drivers) {
  for (const line of await benchStart(driver, tag)) {
    process.stdout.write(`${JSON.stringify(line)}\n`);
    if (!line.pass) missed += 1;
  }
}
process.exit(missed === 0 ? 0 : 1);
