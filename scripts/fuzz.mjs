// `npm run fuzz`: hostile input for everything that reads some, for as long as is asked, each target in a process of its own.
// What is found is printed with the one input that it came of, and how to play that again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { checkNode, ensureInstalled, root } from './lib/build.mjs';

const help = `npm run fuzz -- [options]

  --seconds N   for all targets together; each gets as much of it   (600)
  --inputs N    instead: so many inputs for each target
  --short       instead: the inputs that npm test plays
  --target T    one target alone
  --seed N      the inputs follow from it; without one it is new each time
  --first N     number of the first input                           (0)
  --help        this, and the targets
`;
const options = {
  seconds: { type: 'string' },
  inputs: { type: 'string' },
  short: { type: 'boolean', default: false },
  target: { type: 'string' },
  seed: { type: 'string' },
  first: { type: 'string', default: '0' },
  help: { type: 'boolean', default: false },
};
const nodeOptions = ['--expose-gc', '--no-warnings', '--enable-source-maps'];
const hooks = ['--import', join(root, 'scripts', 'lib', 'typescript.mjs')];

/** Starts the process that fuzzes; calls back with each of its lines, and resolves with its exit code. */
async function run(order, onLine) {
  const args = [
    ...nodeOptions,
    ...hooks,
    join(root, 'test', 'fuzz', 'main.ts'),
    ...(order ? [JSON.stringify(order)] : []),
  ];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface(child.stdout).on('line', (line) => onLine(JSON.parse(line)));
  const [code] = await once(child, 'close');
  return code;
}

async function everyTarget() {
  const targets = [];
  await run(null, (target) => targets.push(target));
  return targets;
}

/** What came of one target; a process that ends without a word is a find as well. */
async function fuzz(target, order) {
  let tally = null;
  let hang = null;
  const code = await run({ target: target.name, ...order }, (line) => {
    tally = line.tally ?? tally;
    hang = line.hang ?? hang;
  });
  if (tally !== null) return tally;
  const input = hang ?? order.first;
  const what = hang === null ? `the process ended with ${code}` : 'it did not come to an end';
  return { inputs: Math.max(0, input - order.first), seconds: 0, found: [{ input, what }] };
}

function tell(target, { inputs, seconds, found }, { seed }) {
  const rate = seconds > 0 ? Math.round((inputs / seconds) * 3600) : 0;
  const columns = [
    target.name.padEnd(16),
    String(inputs).padStart(10),
    String(rate).padStart(12),
    String(found.length).padStart(6),
  ];
  console.log(columns.join(' '));
  for (const { input, what } of found) {
    console.log(
      `\nFOUND ${what}\nPlay it again: npm run fuzz -- --target ${target.name} --seed ${seed} --first ${input} --inputs 1\n`,
    );
  }
}

async function main() {
  const { values } = parseArgs({ options });
  checkNode();
  // Not whenever they are older than they might be: `npm test` runs this beside others who use them.
  if (!existsSync(join(root, 'node_modules'))) await ensureInstalled();
  const all = await everyTarget();
  if (values.help) {
    console.log(help + all.map(({ name, about }) => `\n  ${name.padEnd(16)}${about}`).join(''));
    return;
  }
  const targets = all.filter(({ name }) => values.target === undefined || name === values.target);
  if (targets.length === 0) throw new Error(`there is no target ${values.target}; --help lists them`);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const bySeconds = values.inputs === undefined && !values.short;
  const maxSeconds = bySeconds ? Number(values.seconds ?? 600) / targets.length : null;
  console.log(`seed ${seed}\n\n${'target'.padEnd(16)}     inputs     per hour  found`);
  const since = performance.now();
  let [inputs, found] = [0, 0];
  for (const target of targets) {
    const maxInputs = values.short ? target.short : values.inputs === undefined ? null : Number(values.inputs);
    const tally = await fuzz(target, { seed, first: Number(values.first), maxInputs, maxSeconds });
    tell(target, tally, { seed });
    inputs += tally.inputs;
    found += tally.found.length;
  }
  const hours = (performance.now() - since) / 3_600_000;
  console.log(`\n${inputs} inputs, ${Math.round(inputs / hours)} per hour, ${found} found`);
  process.exitCode = found > 0 ? 1 : 0;
}

main().catch((error) => {
  console.error(`npm run fuzz: ${error.message}`);
  process.exitCode = 2;
});
