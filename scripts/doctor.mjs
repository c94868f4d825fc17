// `npm run doctor [-- --json]`: what this host can do, what it lacks, and the command that fixes each. Ends with 0 where a
// runner can be started, else with 1. Changes nothing on the host; dependencies and build it brings up to date like every
// other command here.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { askedWords } from './lib/asked-words.mjs';
import { factsOf } from './doctor/facts.mjs';
import { diagnosisOf } from './doctor/diagnosis.mjs';
import { reportOf } from './doctor/report.mjs';

const usage = `npm run doctor [-- --json]

Says what this host can do, what it lacks, and the command that fixes each, by the settings in the environment.
Exit code: 0 a runner can be started here, 1 it cannot, 2 wrong use.`;

const prepare = fileURLToPath(new URL('./lib/prepare.mjs', import.meta.url));

async function main() {
  const asked = askedWords(usage, { options: ['--json'] });
  // stdout is the report's.
  const built = spawnSync(process.execPath, [prepare], { stdio: ['ignore', 2, 2] }).status === 0;
  const diagnosis = diagnosisOf(await factsOf({ built }));
  console.log(asked.includes('--json') ? JSON.stringify(diagnosis, null, 2) : reportOf(diagnosis));
  process.exitCode = diagnosis.ok ? 0 : 1;
}

await main();
