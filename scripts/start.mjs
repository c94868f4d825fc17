// `npm start`: brings dependencies, the build and what the sandboxes need up to date, chooses the kind of sandbox, and then
// becomes the runner. Everything that it installs or accepts is said; it never falls back to running unsandboxed.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { acceptableWeaknesses } from './lib/acceptable-weaknesses.mjs';
import { apt } from './lib/apt.mjs';
import { askedWords } from './lib/asked-words.mjs';
import { checkNode, ensureBuilt, ensureInstalled, root } from './lib/build.mjs';
import { firstLine } from './lib/first-line.mjs';
import { portUse } from './lib/port-use.mjs';
import { say } from './lib/shell.mjs';

const usage = `npm start

Starts the runner; it listens on http://127.0.0.1:4657 unless told otherwise. All settings are environment variables:

  REPL_RUNNER_SANDBOX=auto|docker|bubblewrap   what sandboxes are made of (auto: Docker where a daemon answers)
  REPL_RUNNER_HOST, REPL_RUNNER_PORT           where to listen
  REPL_RUNNER_POOL=python=4,node=0             which languages, and how many sandboxes wait for users
  …                                            all of them: docs/configuration.md

Other commands: npm run doctor (what this host can do, and what it lacks), npm run repl (a REPL in this terminal), npm run
images (build the languages' images), npm test.`;

const imagesFolder = join(root, 'images');
const compiled = (path) => import(pathToFileURL(join(root, 'dist', path)).href);

/** The settings and the languages that they name; whatever is wrong with them is said before anything is built. */
async function readSettings() {
  const { parseConfig } = await compiled('src/config.js');
  const { Catalogue } = await compiled('src/language/catalogue.js');
  const config = parseConfig(process.env);
  const catalogue = await Catalogue.load({ imagesFolder, imageTag: config.imageTag });
  return { ...config, languages: config.pool.map(({ language }) => catalogue.get(language)) };
}

async function requirePort({ host, port }) {
  const use = await portUse(host, port);
  if (use === 'free') return;
  const why = { runner: 'a runner listens there already', taken: 'another program listens there' }[use] ?? use;
  throw new Error(`Cannot listen on ${host}:${port}: ${why}. Stop it, or choose another port with REPL_RUNNER_PORT.`);
}

/** Throws where Docker cannot be used, saying why. */
async function prepareDocker({ languages, imageTag }) {
  const { Daemon } = await compiled('src/sandbox/docker/daemon.js');
  const daemon = new Daemon();
  try {
    await daemon.apiVersion();
    for (const language of languages) await ensureImage(daemon, language, imageTag);
  } finally {
    daemon.close();
  }
}

async function ensureImage(daemon, { name, image }, tag) {
  const { contentLabel, imageContent } = await compiled('src/language/image-content.js');
  const facts = await daemon.image(image);
  if (facts?.labels[contentLabel] === (await imageContent(imagesFolder, name))) return;
  const { buildLanguage } = await import('./images.mjs');
  await buildLanguage(name, { tag });
}

async function prepareBubblewrap({ bubblewrapRootfs: rootfs }) {
  const programs = { bwrap: 'bubblewrap', setpriv: 'util-linux', prlimit: 'util-linux' };
  if (rootfs === null) programs.python3 = 'python3';
  await apt.need(programs);
  if (process.env.REPL_RUNNER_ACCEPT !== undefined) return;
  const { BubblewrapDriver } = await compiled('src/sandbox/bubblewrap/bubblewrap-driver.js');
  const driver = new BubblewrapDriver({ imagesFolder, ...(rootfs === null ? {} : { rootfs }) });
  try {
    await driver.prepare([]);
    const weaknesses = driver.knownWeaknesses().filter(({ name }) => acceptableWeaknesses.includes(name));
    process.env.REPL_RUNNER_ACCEPT = weaknesses.map(({ name }) => name).join(',');
    for (const { name, why } of weaknesses) say(`accepting a weakness of bubblewrap here: ${name} (${why})`);
  } finally {
    await driver.close();
  }
}

/** Prepares for the kind of sandbox that is wanted, and leaves it in the environment for the runner. */
async function chooseSandbox(settings) {
  if (settings.sandbox === 'bubblewrap') return prepareBubblewrap(settings);
  try {
    await prepareDocker(settings);
    process.env.REPL_RUNNER_SANDBOX = 'docker';
  } catch (error) {
    if (settings.sandbox === 'docker') throw error;
    say(`Docker cannot be used: ${firstLine(error)} Taking bubblewrap. (npm run doctor says more.)`);
    process.env.REPL_RUNNER_SANDBOX = 'bubblewrap';
    await prepareBubblewrap(settings);
  }
}

async function main() {
  askedWords(usage);
  checkNode();
  await ensureInstalled();
  await ensureBuilt();
  const settings = await readSettings();
  await requirePort(settings);
  await chooseSandbox(settings);
  say(`Trying out the sandboxes of ${settings.languages.map(({ title }) => title).join(', ')} …`);
  // In this process, so that signals and the exit code need no forwarding.
  await compiled('src/main.js');
}

main().catch((error) => {
  console.error(`npm start: ${error.message}`);
  if (error.code === 'driver_unavailable') console.error('npm run doctor says what this host lacks.');
  process.exitCode = 1;
});
