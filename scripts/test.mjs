// `npm test`: every check and every suite that this machine can run. Installs what Debian lacks when it is root, starts a
// Docker daemon of its own where none answers, and makes the images that the suites need. What cannot be had is skipped
// visibly; with CI=true that is a failure. The last line is `N passed, N failed`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { clearInterval, setInterval } from 'node:timers';
import { makeBaseImage, baseImage, makeRootfs, rootfsFolder } from './base-image.mjs';
import { buildLanguage } from './images.mjs';
import { apt } from './lib/apt.mjs';
import { checkNode, ensureBuilt, ensureInstalled, root } from './lib/build.mjs';
import { docker } from './lib/docker.mjs';
import { startDockerd } from './lib/dockerd.mjs';
import { firstLine } from './lib/first-line.mjs';
import { Score } from './lib/score.mjs';
import { run, say } from './lib/shell.mjs';
import { makeStackImages } from './stack-images.mjs';

const suites = ['trixie', 'bookworm'];
const ownLabel = 'repl_runner=1';
/** After the report jest closes what its suites share. */
const exitWithinMs = 20_000;
const inCi = process.env.CI === 'true';
const score = new Score();
const npm = (script) => run('npm', ['run', '--silent', script], { cwd: root });

/** Says what is missing; in CI that fails the run. */
function lack(what, error) {
  if (inCi) score.fail(what, error);
  else say(`SKIPPED: ${what} (${firstLine(error)})`);
}

async function installPrograms() {
  const programs = {
    bwrap: 'bubblewrap',
    debootstrap: 'debootstrap',
    python3: 'python3',
    nginx: 'nginx',
    chromium: 'chromium',
    'docker-compose': 'docker-compose',
    ps: 'procps',
  };
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

/** A tag for each content, so that two trees may be tested on one daemon at once. */
async function testTag(suite) {
  const { imageContent } = await import(pathToFileURL(join(root, 'dist/src/language/image-content.js')).href);
  return `test-${suite}-${(await imageContent(join(root, 'images'), 'python')).slice(0, 12)}`;
}

/** Makes what the suites on Docker and the root file systems of bubblewrap's need; resolves to settings for the suites. */
async function makeImages(hasDocker) {
  const env = {};
  for (const suite of suites) {
    await (hasDocker ? makeBaseImage : makeRootfs)(suite);
    if (!hasDocker) continue;
    const tag = await testTag(suite);
    await buildLanguage('python', { tag, baseImage: baseImage(suite), verbose: false });
    env[`REPL_TEST_IMAGE_TAG_${suite.toUpperCase()}`] = tag;
  }
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

async function runJest(images) {
  const folder = mkdtempSync(join(tmpdir(), 'repl-test-'));
  const report = join(folder, 'counts.json');
  const env = {
    NODE_OPTIONS: '--experimental-vm-modules --no-warnings',
    REPL_TEST_COUNTS: report,
    ...images,
  };
  for (const suite of suites) {
    const rootfs = rootfsFolder(suite);
    env[`REPL_TEST_ROOTFS_${suite.toUpperCase()}`] = existsSync(rootfs) ? rootfs : '';
  }
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const reporter = join(root, 'scripts', 'lib', 'jest-counts.mjs');
  console.log('\n── tests');
  try {
    await runToReport([jest, '--reporters=default', `--reporters=${reporter}`], env, report);
    const counts = JSON.parse(readFileSync(report, 'utf8'));
    score.addJest(counts);
    // Whatever a suite skips itself for, CI has to have it.
    if (counts.skipped > 0) lack(`${counts.skipped} tests`, new Error('their suites name what they need'));
  } catch (error) {
    score.fail('jest', error);
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
  const before = hasDocker ? await docker.containers(ownLabel) : [];
  for (const check of ['format:check', 'lint', 'types', 'architecture']) await score.step(check, () => npm(check));
  await runJest(images);
  if (hasDocker) await score.step('no container is left behind', () => checkLeaks(before));
}

async function main() {
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
