/** What programs in a sandbox tell of themselves: listings, reports of evaluations, tagged values. Read, or refused as theirs. */
import { RunnerError } from '../../../src/errors.js';
import { canonical } from '../../../src/execution/evaluate/canonical.js';
import { caseRunOf } from '../../../src/execution/evaluate/case-run.js';
import { equalBy } from '../../../src/execution/evaluate/comparison.js';
import { LineReader, parseReport } from '../../../src/execution/evaluate/harness-report.js';
import { parseTagged, TaggedValueError, type Value } from '../../../src/execution/evaluate/tagged-value.js';
import { readListing } from '../../../src/workspace/listing.js';
import type { Random } from '../../support/random.js';
import { must, unless, type OpenTarget } from '../fuzz-target.js';
import { inPieces, mutatedBytes } from '../mutate-bytes.js';
import { mutatedJson, mutatedValue } from '../mutate-json.js';

const values: readonly unknown[] = [
  ...[null, true, 1, 1.5, 'text 1.0 2', [1, [2]], { a: 1, b: { c: null } }, { $tuple: [1, { $set: [2, 3] }] }],
  ...[
    { $int: '12345678901234567890' },
    { $int: '-0xff' },
    { $float: 'nan' },
    { $float: '1e5' },
    { $complex: [1, { $float: '-inf' }] },
  ],
  ...[
    { $bytes: '/w==' },
    {
      $dict: [
        [1, 'a'],
        [{ $tuple: [] }, { $frozenset: [] }],
      ],
    },
    { $opaque: { type: 'a.B', repr: '<B>', cut: true } },
  ],
];
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const report = {
  ...{ event: 'case', index: 0, end: 'answered', exit_code: null, signal: null, wall_ms: 1, cpu_ms: 1 },
  ...{ fork_refused: false, resisted: false, result: base64({ value: 1, repr: '1' }), stdout: '', stderr: 'YQ==' },
};
const reports: readonly unknown[] = [
  { event: 'loaded' },
  { event: 'failed', failure: { kind: 'runtime_error', message: 'm', traceback: 't' } },
  report,
  { ...report, end: 'signal', signal: 'SIGKILL', result: null },
];
const entries: readonly unknown[] = [
  { path: 'a', type: 'file', size: 1, executable: false, modified: 1.5 },
  { path: 'l', type: 'symlink', size: 0, executable: true, modified: -1e300, target: 'a' },
];
const modes = [{ mode: 'exact' }, { mode: 'trimmed' }, { mode: 'numeric', relative: 1e-6, absolute: 0 }] as const;

export function openSandboxReports(): Promise<OpenTarget> {
  const kinds: ((random: Random) => Promise<void> | void)[] = [playTagged, playTagged, playReport, playListing];
  return Promise.resolve({ play: (random: Random) => random.pick(kinds)(random) });
}

function playTagged(random: Random): void {
  const [one, other] = [valueOf(random), valueOf(random)];
  if (one === null) return;
  mustBePlain(one);
  const text = canonical(one);
  must(text === canonical(one), () => 'another text for the same value');
  for (const mode of modes) {
    must(text === null || equalBy(mode, one, one), () => `${mode.mode}: ${text ?? ''} does not equal itself`);
    if (other !== null) equalBy(mode, one, other);
  }
}

function valueOf(random: Random): Value | null {
  const json = mutatedJson(random, values);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    value = mutatedValue(random, values);
  }
  return unless(TaggedValueError, () => parseTagged(value));
}

/** Nothing but what the types say. */
function mustBePlain(value: Value): void {
  if (value.kind === 'float') must(typeof value.value === 'number', () => `a float that is ${typeof value.value}`);
  if (value.kind === 'int') must(typeof value.value === 'bigint', () => `an int that is ${typeof value.value}`);
  if ('items' in value) value.items.forEach(mustBePlain);
  if (value.kind === 'dict') value.entries.flat().forEach(mustBePlain);
}

function playReport(random: Random): void {
  const line = mutatedJson(random, [
    ...reports,
    { ...report, result: base64(mutatedValue(random, [{ value: random.pick(values), repr: '' }])) },
  ]);
  const bytes = Buffer.from(`${line}\n`);
  const reader = new LineReader();
  const lines = inPieces(random, random.percent(90) ? bytes : mutatedBytes(random, [bytes])).flatMap((piece) =>
    reader.push(piece),
  );
  for (const each of lines) {
    let read;
    try {
      read = parseReport(each);
    } catch {
      continue; // whatever it throws ends the run
    }
    if (read.event === 'case') JSON.stringify(caseRunOf(read));
  }
}

async function playListing(random: Random): Promise<void> {
  const lines = Array.from({ length: 1 + random.below(3) }, () => `${mutatedJson(random, entries)}\n`);
  const bytes = Buffer.from(lines.join(''));
  const pieces = inPieces(random, random.percent(80) ? bytes : mutatedBytes(random, [bytes]));
  const arriving = (async function* () {
    await Promise.resolve();
    yield* pieces;
  })();
  try {
    const listing = await readListing(arriving, Promise.resolve({ truncated: false }), 3);
    must(listing.entries.length <= 3, () => 'more than was asked for');
    for (const { modifiedAt } of listing.entries) modifiedAt.toISOString();
  } catch (error) {
    if (!(error instanceof RunnerError && error.code === 'sandbox_failed')) throw error;
  }
}
