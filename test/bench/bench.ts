/**
 * `npm run bench`: measures, prints a line for each figure as soon as it is known, writes all of them as JSON and as a page,
 * and ends with 1 where one misses its target.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchDrivers, type BenchDriver } from './driver.js';
import { figureLine } from './figure-line.js';
import type { Figure } from './figure.js';
import { machine } from './machine.js';
import { installNpmPeers } from './peers/npm-peers.js';
import { reportPage } from './report-page.js';
import { overview, topics, type Topic } from './topics.js';
import type { Report, TopicFigures } from './report.js';

const usage = `usage: npm run bench [-- [topic …] [driver …] [--out folder] [--json] [--install]]

Without a topic: ${overview.join(', ')}, within ten minutes.
Topics:  ${Object.keys(topics).join(', ')}
Drivers: ${benchDrivers.join(', ')}; without one, each

  --out    where report.json and report.html go; bench-report by default
  --json   prints figures as lines of JSON in place of a table
  --install
           first brings the peers that npm has (node-pty, which is compiled, and configurable-http-proxy) to .cache/bench-peers
  --help   this text

Images carry the tag REPL_RUNNER_IMAGE_TAG, latest by default. Leave the machine alone meanwhile.
`;

interface Asked {
  readonly topics: readonly string[];
  readonly drivers: readonly BenchDriver[];
  readonly out: string;
  readonly json: boolean;
  readonly install: boolean;
}

function asked(): Asked {
  const flag = { type: 'boolean' } as const;
  const options = { out: { type: 'string' }, json: flag, install: flag, help: flag } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help === true) {
    process.stdout.write(usage);
    process.exit(0);
  }
  const drivers = benchDrivers.filter((driver) => positionals.includes(driver));
  const chosen = positionals.filter((word) => !drivers.some((driver) => driver === word));
  const unknown = chosen.find((word) => !(word in topics));
  if (unknown !== undefined) throw new Error(`there is neither a topic nor a driver "${unknown}"`);
  return {
    topics: chosen.length === 0 ? overview : chosen,
    drivers: drivers.length === 0 ? benchDrivers : drivers,
    out: values.out ?? 'bench-report',
    json: values.json ?? false,
    install: values.install ?? false,
  };
}

/** A bench that fails says so in its figures' place, and the others go on. */
async function measured(name: string, topic: Topic, { drivers, json }: Asked): Promise<TopicFigures[]> {
  const results: TopicFigures[] = [];
  for (const [driver, bench] of topic(drivers, process.env.REPL_RUNNER_IMAGE_TAG ?? 'latest')) {
    const title = driver === null ? name : `${name} · ${driver}`;
    process.stderr.write(`» ${title} …\n`);
    const since = performance.now();
    const result = await bench().then(
      (figures) => ({ title, figures, failure: null }),
      (error: unknown) => ({ title, figures: [], failure: error instanceof Error ? error.message : String(error) }),
    );
    process.stderr.write(`» ${title} took ${secondsSince(since)} s\n`);
    if (result.failure !== null) process.stderr.write(`✗ ${title}: ${result.failure}\n`);
    for (const one of result.figures) process.stdout.write(`${json ? figureJson(one) : figureLine(one)}\n`);
    results.push(result);
  }
  return results;
}

/** Without the single times, which are in the report. */
function figureJson({ samples, ...rest }: Figure): string {
  return JSON.stringify({ ...rest, n: samples.length === 0 ? null : samples.length });
}

const secondsSince = (since: number): string => ((performance.now() - since) / 1000).toFixed(0);

function write(out: string, report: Report): void {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'report.json'), `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(join(out, 'report.html'), reportPage(report));
  process.stderr.write(`» ${join(out, 'report.json')} and ${join(out, 'report.html')} are written\n`);
}

async function main(): Promise<number> {
  const request = asked();
  if (request.install) installNpmPeers();
  const [startedAt, on, since] = [new Date().toISOString(), machine(), performance.now()];
  const results: TopicFigures[] = [];
  for (const name of request.topics) {
    const topic = topics[name];
    if (topic !== undefined) results.push(...(await measured(name, topic, request)));
  }
  write(request.out, { startedAt, machine: on, topics: results });
  const missed = results.flatMap(({ figures }) => figures.filter(({ pass }) => !pass));
  const failed = results.filter(({ failure }) => failure !== null);
  const count = results.reduce((sum, { figures }) => sum + figures.length, 0);
  const outcome = `${count} figures, ${missed.length} missed targets, ${failed.length} failed benches`;
  process.stderr.write(`» ${outcome}, in ${secondsSince(since)} s\n`);
  for (const { figure } of missed) process.stderr.write(`✗ ${figure}\n`);
  return missed.length + failed.length === 0 ? 0 : 1;
}

process.exit(
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }),
);
