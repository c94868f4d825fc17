// `npm run audit`: asks the registry which weaknesses are known of the packages in the lock file. Fails over those that are more
// than low; where no registry answers, says SKIPPED and passes. What needs no network is a test: test/unit/dependencies.test.ts.
import { spawnSync } from 'node:child_process';
import { askedWords } from './lib/asked-words.mjs';
import { root } from './lib/build.mjs';

const usage = `npm run audit

Asks the registry which weaknesses are known of the packages in the lock file; fails over those that are more than low.`;
const serious = ['moderate', 'high', 'critical'];
const patience = ['--fetch-retries=0', '--fetch-timeout=20000'];

askedWords(usage);
const { stdout, error } = spawnSync('npm', ['audit', '--json', ...patience], {
  cwd: root,
  encoding: 'utf8',
  timeout: 60_000,
});
const report = parsed(stdout);
if (report?.vulnerabilities === undefined) {
  const why = report?.message ?? error?.message ?? 'npm audit says nothing';
  console.log(`SKIPPED: the audit of dependencies, since no registry answers it (${why})`);
} else {
  const found = Object.values(report.vulnerabilities).filter(({ severity }) => serious.includes(severity));
  for (const { name, severity, range } of found) console.log(`${severity}: ${name} ${range}`);
  console.log(
    `${found.length} of ${report.metadata.dependencies.total} packages have weaknesses that are more than low`,
  );
  process.exitCode = found.length > 0 ? 1 : 0;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
