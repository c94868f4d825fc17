// Looks at this host for `npm run doctor`, and judges nothing: each fact is what was found, or why it could not be. What needs
// the built runner is null where there is none.
import { existsSync, readFileSync, statSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { apt } from '../lib/apt.mjs';
import { root } from '../lib/build.mjs';
import { docker } from '../lib/docker.mjs';
import { onPath } from '../lib/on-path.mjs';
import { portUse } from '../lib/port-use.mjs';
import { testPrograms } from '../lib/test-programs.mjs';

const imagesFolder = join(root, 'images');
const compiled = (path) => import(pathToFileURL(join(root, 'dist', path)).href);
/** Kernel settings that keep bubblewrap from working, with the value that does. */
const obstacles = {
  'kernel.unprivileged_userns_clone': '0',
  'user.max_user_namespaces': '0',
  'kernel.apparmor_restrict_unprivileged_userns': '1',
};
/** Beside a taken port, and not its neighbour, which may be another default of this project. */
const otherPorts = { first: 10, last: 59 };

async function settingsOf(built) {
  if (!built) return null;
  const { parseConfig } = await compiled('src/config.js');
  const { Catalogue } = await compiled('src/language/catalogue.js');
  try {
    const config = parseConfig(process.env);
    const catalogue = await Catalogue.load({ imagesFolder, imageTag: config.imageTag });
    const { host, port, sandbox, dockerRuntime, bubblewrapRootfs } = config;
    const languages = config.pool.map(({ language }) => catalogue.get(language));
    return { problem: null, host, port, sandbox, dockerRuntime, bubblewrapRootfs, languages };
  } catch (error) {
    return { problem: error.message };
  }
}

async function dockerFacts() {
  const address = process.env.DOCKER_HOST || 'unix:///var/run/docker.sock';
  // An ordinary user's own daemon, which DOCKER_HOST has to name.
  const rootless = `${process.env.XDG_RUNTIME_DIR ?? '/run/user/none'}/docker.sock`;
  const elsewhere = existsSync(rootless) ? `unix://${rootless}` : null;
  const installed = onPath('dockerd');
  try {
    return { address, elsewhere, installed, failure: null, ...(await docker.describe()) };
  } catch (error) {
    return { address, elsewhere, installed, failure: error.code ?? error.message };
  }
}

async function imageState({ name, image }) {
  const { contentLabel, imageContent } = await compiled('src/language/image-content.js');
  const labels = await docker.imageLabels(image);
  if (labels === null) return 'missing';
  return labels[contentLabel] === (await imageContent(imagesFolder, name)) ? 'current' : 'outdated';
}

/** Makes a sandbox as a runner would, and ends it. */
async function bubblewrapTrial({ languages, bubblewrapRootfs: rootfs }) {
  const { BubblewrapDriver } = await compiled('src/sandbox/bubblewrap/bubblewrap-driver.js');
  const driver = new BubblewrapDriver({ imagesFolder, ...(rootfs === null ? {} : { rootfs }) });
  try {
    await driver.prepare(languages);
    return { failure: null, weaknesses: driver.knownWeaknesses() };
  } catch (error) {
    return { failure: error.message, weaknesses: [] };
  } finally {
    await driver.close();
  }
}

async function bubblewrapFacts(settings) {
  const missing = apt.missing({
    bwrap: 'bubblewrap',
    setpriv: 'util-linux',
    prlimit: 'util-linux',
    python3: 'python3',
  });
  const isInTheWay = ([name, value]) => {
    const path = join('/proc/sys', ...name.split('.'));
    return existsSync(path) && readFileSync(path, 'utf8').trim() === value;
  };
  const inTheWay = Object.entries(obstacles).filter(isInTheWay);
  const trial = missing.length === 0 && settings?.problem === null ? await bubblewrapTrial(settings) : null;
  return { missing, obstacles: inTheWay.map(([name]) => name), trial };
}

async function portFacts(host, port) {
  const use = await portUse(host, port);
  let free = null;
  for (
    let other = port + otherPorts.first;
    use !== 'free' && free === null && other <= port + otherPorts.last;
    other += 1
  ) {
    if ((await portUse(host, other)) === 'free') free = other;
  }
  return { host, port, use, free };
}

/** Where this project lies, and where a daemon on this host keeps its images, unless that is the same disk. */
function diskFacts(dataRoot) {
  const folders = dataRoot !== undefined && existsSync(dataRoot) ? [root, dataRoot] : [root];
  const disks = new Map(folders.map((folder) => [statSync(folder).dev, folder]));
  return [...disks.values()].map((folder) => {
    const { bavail, bsize } = statfsSync(folder);
    return { folder, freeBytes: bavail * bsize };
  });
}

async function imageFacts(settings, daemon) {
  if (daemon.failure !== null || settings?.problem !== null) return [];
  return Promise.all(settings.languages.map(async (one) => ({ name: one.name, state: await imageState(one) })));
}

export async function factsOf({ built }) {
  const settings = await settingsOf(built);
  const { host = '127.0.0.1', port = 4657 } = settings ?? {};
  const daemon = await dockerFacts();
  const bubblewrap = await bubblewrapFacts(settings);
  const forTests = apt.missing(testPrograms);
  return {
    ...{ node: process.versions.node, built, settings },
    ...{ isRoot: process.getuid?.() === 0, hasSystemd: existsSync('/run/systemd/system') },
    hasCgroup2: existsSync('/sys/fs/cgroup/cgroup.controllers'),
    docker: daemon,
    images: await imageFacts(settings, daemon),
    bubblewrap,
    runnerPort: await portFacts(host, port),
    appPort: await portFacts('127.0.0.1', 4658),
    nginxPort: await portFacts('0.0.0.0', 8080),
    disk: diskFacts(daemon.info?.DockerRootDir),
    forTests,
    install: {
      docker: apt.advice(['docker.io']),
      bubblewrap: apt.advice(bubblewrap.missing),
      tests: apt.advice(forTests),
    },
  };
}
