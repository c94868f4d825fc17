// `npm run test:attack`: attacks a running service in every way that test/attack knows, on Docker and on this host's
// bubblewrap, and prints what came of each as a table. `npm run test:attack -- fork` takes those whose names match.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseImage } from './base-image.mjs';
import { askedWords } from './lib/asked-words.mjs';
import { attackTable } from './lib/attack-table.mjs';
import { dockerCommand } from './lib/docker-command.mjs';
import { jest } from './lib/jest.mjs';
import { say } from './lib/shell.mjs';
import { makeTestImage } from './test-image.mjs';

const usage = `npm run test:attack [-- <name> …]

Attacks a running service in every way that test/attack knows, on Docker and on this host's bubblewrap, and prints what came
of each as a table. With words, the attacks whose names have them.`;

async function attack(names) {
  const folder = mkdtempSync(join(tmpdir(), 'repl-attack-'));
  const report = join(folder, 'report.jsonl');
  const env = {
    REPL_TEST_IMAGE_TAG_TRIXIE: await makeTestImage('trixie'),
    REPL_TEST_ATTACK_REPORT: report,
  };
  say(`Attacking ${baseImage('trixie')} in Docker, and this host's programs in bubblewrap …`);
  const chosen = names.length === 0 ? [] : ['-t', names.join(' ')];
  try {
    await jest(['test/attack', ...chosen], env);
  } finally {
    if (existsSync(report)) console.log(attackTable(readFileSync(report, 'utf8')));
    rmSync(folder, { recursive: true });
  }
}

const names = askedWords(usage, { most: Infinity });
await dockerCommand('npm run test:attack', () => attack(names));
