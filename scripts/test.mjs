// `npm test`: every check and every suite that this machine can run. Installs what Debian lacks when it is root, starts a
// Docker daemon of its own where none answers, and makes the images that the suites need. What cannot be had is skipped
// visibly; with CI=true that is a failure. The last line is `N passed, N failed`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { baseImage, makeRootfs, rootfsFolder } from './base-image.mjs';
import { makeLanguageImages } from './language-images.mjs';
import { apt } from './lib/apt.mjs';
import { askedWords } from './lib/asked-words.mjs';
import { checkNode, ensureBuilt, ensureInstalled, root } from './lib/build.mjs';
import { docker } from './lib/docker.mjs';
import { startDockerd } from './lib/dockerd.mjs';
import { firstLine } from './lib/first-line.mjs';
import { jestOptions, jestProgram } from './lib/jest.mjs';
import { Score } from './lib/score.mjs';
import { run, say } from './lib/shell.mjs';
import { testPrograms } from './lib/test-programs.mjs';
import { makePythonClientRoot } from './python-client-root.mjs';
import { makeStackImages } from './stack-images.mjs';
import { makeTestImage } from './test-image.mjs';

const usage = `npm test

Runs every check and every suite that this machine can run, in about twenty minutes; as root on Debian it first installs
what they need. What cannot be had is skipped visibly, and with CI=true fails. The last line counts what passed and failed.

One file, or the tests of one name: npm run jest -- test/unit/pool/pool.test.ts, npm run jest -- -t 'refills after a claim'.
All in a folder: npm run jest -- --selectProjects unit. The checks alone: npm run check.`;
const suites = ['trixie', 'bookworm'];
const ownLabel = 'repl_runner=1';
/** After the report jest closes what its suites share. */
const exitWithinMs = 20_000;
const inCi = process.env.CI === 'true';
const reporters = ['default', './scripts/lib/jest-counts.mjs', './scripts/lib/jest-open-handles.mjs'].map(
  (name) => `--reporters=${name}`,
);
const score = new Score();
const npm = (script) => run('npm', ['run', '--silent', script], { cwd: root });

/** Says what is missing; in CI that fails the run. */
function lack(what, error) {
  if (inCi) score.fail(what, error);
  else say(`SKIPPED: ${what} (${firstLine(error)})`);
}

async function installPrograms() {
  const programs = { ...testPrograms };
  if (!(await docker.answers())) programs.dockerd = 'docker.io';
  await apt.need(programs).catch((error) => say(firstLine(error)));
  const [noBrowser] = apt.missing({ chromium: 'chromium' });
  if (noBrowser) lack('the browser tests', new Error(`${noBrowser} is missing`));
}

/** Resolves to a function that stops what was started; null when there is no Docker. */
async function haveDocker() {
  try {
    if (await docker.answers()) return async () => undefined;
    return await startDockerd();
  } catch (error) {
    lack('the suites on Docker', error);
    return null;
  }
}

/** Makes what the suites on Docker and the root file systems of bubblewrap's need; resolves to settings for the suites. */
async function makeImages(hasDocker) {
  const env = {};
  for (const suite of suites) {
    if (hasDocker) env[`REPL_TEST_IMAGE_TAG_${suite.toUpperCase()}`] = await makeTestImage(suite);
    else await makeRootfs(suite);
  }
  if (hasDocker) Object.assign(env, await makeLanguageImages({ heavy: false }));
  return env;
}

/** Makes the images of the compose stack; resolves to settings for its suite. */
async function makeStack() {
  try {
    const [noCompose] = apt.missing({ 'docker-compose': 'docker-compose' });
    if (noCompose) throw new Error(`${noCompose} is missing`);
    return { REPL_TEST_STACK_TAG: await makeStackImages(baseImage('trixie')) };
  } catch (error) {
    lack('the compose stack', error);
    return {};
  }
}

/** Makes the Debian in which the Python client is tested; resolves to settings for its suite. */
async function makePythonClient() {
  try {
    return { REPL_TEST_ROOTFS_PYTHON_CLIENT: await makePythonClientRoot() };
  } catch (error) {
    lack('the Python client', error);
    return {};
  }
}

/** Runs jest until it ends; one that does not, although its report is there, left something open, and fails for that. */
async function runToReport(args, env, report) {
  const jest = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let reportedAt = null;
  const watch = setInterval(() => {
    if (existsSync(report)) reportedAt ??= Date.now();
    if (reportedAt === null || Date.now() - reportedAt < exitWithinMs) return;
    clearInterval(watch);
    score.fail('jest ends when its tests have ended', new Error('something is left open'));
    jest.kill('SIGKILL');
  }, 1_000);
  // Its exit code says no more than the report does.
  await once(jest, 'close').finally(() => clearInterval(watch));
}

async function runJest(title, projects, images) {
  const folder = mkdtempSync(join(tmpdir(), 'repl-test-'));
  const report = join(folder, 'counts.json');
  const env = {
    ...jestOptions,
    REPL_TEST_COUNTS: report,
    ...images,
  };
  for (const suite of suites) {
    const rootfs = rootfsFolder(suite);
    env[`REPL_TEST_ROOTFS_${suite.toUpperCase()}`] = existsSync(rootfs) ? rootfs : '';
  }
  console.log(`\n── ${title}`);
  try {
    await runToReport([jestProgram, '--selectProjects', ...projects, ...reporters], env, report);
    const counts = JSON.parse(readFileSync(report, 'utf8'));
    score.addJest(counts);
    // Whatever a suite skips itself for, CI has to have it.
    if (counts.skipped > 0) lack(`${counts.skipped} tests`, new Error('their suites name what they need'));
  } catch (error) {
    score.fail(title, error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function checkLeaks(before) {
  const left = (await docker.containers(ownLabel)).filter((id) => !before.includes(id));
  if (left.length > 0) throw new Error(`containers are left behind: ${left.join(', ')}`);
}

async function testWith(hasDocker) {
  let images = {};
  await score.step('build', ensureBuilt);
  try {
    images = await makeImages(hasDocker);
  } catch (error) {
    lack('images for the suites', error);
  }
  if (hasDocker) images = { ...images, ...(await makeStack()) };
  images = { ...images, ...(await makePythonClient()) };
  const before = hasDocker ? await docker.containers(ownLabel) : [];
  for (const check of ['format:check', 'lint', 'types', 'architecture']) await score.step(check, () => npm(check));
  await runJest('tests', ['unit', 'contract', 'integration', 'browser', 'fuzz'], images);
  // By themselves: some take all that the host has of something.
  await runJest('attacks', ['attack'], images);
  if (hasDocker) await score.step('no container is left behind', () => checkLeaks(before));
}

async function main() {
  askedWords(usage);
  checkNode();
  await ensureInstalled();
  await installPrograms();
  const stopDocker = await haveDocker();
  const stop = stopDocker ?? (async () => undefined);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => void stop().finally(() => process.exit(130)));
  }
  try {
    await testWith(stopDocker !== null);
  } finally {
    await stop();
  }
}

await main().catch((error) => score.fail('npm test', error));
for (const failure of score.failures) console.log(`failed: ${failure}`);
process.exitCode = score.failed > 0 ? 1 : 0;
console.log(`${score.passed} passed, ${score.failed} failed`);
