// What the facts about a host mean for somebody who wants to run, embed or change this project. Pure. A finding is `ok`, a
// `note` (works, with less or later), or `missing`; its `fix` is a command to type wherever there is one.
import { isNewEnough } from '../lib/build.mjs';
import { bubblewrapFindings } from './bubblewrap-findings.mjs';
import { dockerFindings } from './docker-findings.mjs';
import { finding } from './finding.mjs';

const gib = 1024 ** 3;
/** The image of Python takes a tenth of that, those of all languages four times as much. */
const fewBytes = gib;
const manyBytes = 5 * gib;

function nodeFinding({ node }) {
  if (isNewEnough(node)) return finding('node', 'ok', `Node ${node}`);
  return finding(
    'node',
    'missing',
    `Node ${node} is too old: 20.19 or newer is needed`,
    'https://nodejs.org/en/download',
  );
}

function buildFinding({ built }) {
  if (built) return finding('build', 'ok', 'dependencies and build are up to date');
  return finding(
    'build',
    'missing',
    'dependencies or build could not be brought up to date',
    'npm ci && npm run build',
  );
}

function settingsFindings({ settings }) {
  if (settings === null || settings.problem === null) return [];
  return [finding('settings', 'missing', settings.problem, 'see docs/configuration.md')];
}

function portFinding({ runnerPort: { host, port, use, free } }) {
  const fix = free === null ? null : `REPL_RUNNER_PORT=${free} npm start`;
  if (use === 'free') return finding('port', 'ok', `${host}:${port} is free`);
  if (use === 'runner') return finding('port', 'note', `a runner listens on ${host}:${port} already`, fix);
  const why = use === 'taken' ? 'is taken by another program' : `cannot be listened on (${use})`;
  return finding('port', 'missing', `${host}:${port} ${why}`, fix);
}

function otherPortFindings({ appPort, nginxPort }) {
  const findings = [];
  if (appPort.use !== 'free') {
    const fix = `REPL_PROXY_PORT=${appPort.free} node dist/examples/web/server.js`;
    findings.push(finding('app_port', 'note', `port ${appPort.port} of the example app is taken`, fix));
  }
  if (nginxPort.use !== 'free') {
    const fix = `PUBLISH=${nginxPort.free} docker-compose up --build`;
    findings.push(finding('nginx_port', 'note', `port ${nginxPort.port} of docker-compose.yml is taken`, fix));
  }
  return findings;
}

/** @returns {import('./finding.mjs').Finding[]} */
function diskFindings({ disk }) {
  return disk.map(({ folder, freeBytes }) => {
    const says = `${(freeBytes / gib).toFixed(1)} GiB free in ${folder}`;
    if (freeBytes >= manyBytes) return finding('disk', 'ok', says);
    const state = freeBytes < fewBytes ? 'missing' : 'note';
    return finding('disk', state, `${says}; the images of all languages take about 4`, 'docker image prune');
  });
}

function testsFinding({ forTests, install }) {
  if (forTests.length === 0) return finding('programs', 'ok', 'everything that npm test uses is installed');
  const says = `npm test skips what needs ${forTests.join(', ')} (as root on Debian it installs them itself)`;
  return finding('programs', 'note', says, install.tests);
}

/**
 * The driver that `npm start` would take; null where it could not start.
 * @returns {string | null}
 */
function driverOf({ settings }, areas) {
  const works = (findings) => findings.every(({ state }) => state !== 'missing');
  if (!works(areas.runner) || settings === null) return null;
  const wanted = settings.sandbox === 'auto' ? ['docker', 'bubblewrap'] : [settings.sandbox];
  return wanted.find((driver) => works(areas[driver])) ?? null;
}

export function diagnosisOf(facts) {
  const areas = {
    runner: [
      nodeFinding(facts),
      buildFinding(facts),
      ...settingsFindings(facts),
      portFinding(facts),
      ...diskFindings(facts),
    ],
    docker: dockerFindings(facts),
    bubblewrap: bubblewrapFindings(facts),
    examples: otherPortFindings(facts),
    tests: [testsFinding(facts)],
  };
  const driver = driverOf(facts, areas);
  return { ok: driver !== null, driver, areas };
}
