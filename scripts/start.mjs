// `npm start`: brings dependencies, the build and what the sandboxes need up to date, chooses the kind of sandbox, and then
// becomes the runner. Everything that it installs or accepts is said; it never falls back to running unsandboxed.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { apt } from './lib/apt.mjs';
import { checkNode, ensureBuilt, ensureInstalled, root } from './lib/build.mjs';
import { firstLine } from './lib/first-line.mjs';
import { say } from './lib/shell.mjs';

const usage = `npm start

Starts the runner; it listens on http://127.0.0.1:4657 unless told otherwise. All settings are environment variables:

  REPL_RUNNER_SANDBOX=auto|docker|bubblewrap   what sandboxes are made of (auto: Docker where a daemon answers)
  REPL_RUNNER_HOST, REPL_RUNNER_PORT           where to listen
  REPL_RUNNER_POOL=python=4                    how many sandboxes wait for users
  …                                            all of them: docs/configuration.md

Other commands: npm run repl (a REPL in this terminal), npm run images (build the languages' images), npm test.`;

/** What bubblewrap cannot give everywhere, and what that means; accepted, aloud, unless REPL_RUNNER_ACCEPT is set. */
const acceptable = ['inodes', 'total-memory', 'cpu'];

const imagesFolder = join(root, 'images');
const compiled = (path) => import(pathToFileURL(join(root, 'dist', path)).href);
const poolLanguages = () =>
  (process.env.REPL_RUNNER_POOL || 'python=4').split(',').map((entry) => entry.split('=')[0].trim());

/** Throws where Docker cannot be used, saying why. */
async function prepareDocker() {
  const { Daemon } = await compiled('src/sandbox/docker/daemon.js');
  const daemon = new Daemon();
  try {
    await daemon.apiVersion();
    for (const language of poolLanguages()) await ensureImage(daemon, language);
  } finally {
    daemon.close();
  }
}

async function ensureImage(daemon, language) {
  const { contentLabel, imageContent } = await compiled('src/language/image-content.js');
  const { buildLanguage, languages } = await import('./images.mjs');
  // An unknown name is the runner's to refuse: it knows how to say so.
  if (!languages().includes(language)) return;
  const tag = process.env.REPL_RUNNER_IMAGE_TAG || 'latest';
  const facts = await daemon.image(`repl_runner/${language}:${tag}`);
  if (facts?.labels[contentLabel] === (await imageContent(imagesFolder, language))) return;
  await buildLanguage(language, { tag });
}

async function prepareBubblewrap() {
  const programs = { bwrap: 'bubblewrap', setpriv: 'util-linux', prlimit: 'util-linux' };
  if (!process.env.REPL_RUNNER_BUBBLEWRAP_ROOTFS) programs.python3 = 'python3';
  await apt.need(programs);
  if (process.env.REPL_RUNNER_ACCEPT !== undefined) return;
  const { BubblewrapDriver } = await compiled('src/sandbox/bubblewrap/bubblewrap-driver.js');
  const rootfs = process.env.REPL_RUNNER_BUBBLEWRAP_ROOTFS;
  const driver = new BubblewrapDriver({ imagesFolder, ...(rootfs ? { rootfs } : {}) });
  try {
    await driver.prepare([]);
    const weaknesses = driver.knownWeaknesses().filter(({ name }) => acceptable.includes(name));
    process.env.REPL_RUNNER_ACCEPT = weaknesses.map(({ name }) => name).join(',');
    for (const { name, why } of weaknesses) say(`accepting a weakness of bubblewrap here: ${name} (${why})`);
  } finally {
    await driver.close();
  }
}

async function chooseSandbox() {
  const wanted = process.env.REPL_RUNNER_SANDBOX || 'auto';
  if (wanted === 'bubblewrap') return prepareBubblewrap();
  if (wanted !== 'auto' && wanted !== 'docker') return undefined;
  try {
    await prepareDocker();
    process.env.REPL_RUNNER_SANDBOX = 'docker';
  } catch (error) {
    if (wanted === 'docker') throw error;
    say(`Docker cannot be used: ${firstLine(error)} Taking bubblewrap.`);
    process.env.REPL_RUNNER_SANDBOX = 'bubblewrap';
    await prepareBubblewrap();
  }
}

async function main() {
  const asked = process.argv.slice(2);
  if (asked.includes('--help') || asked.includes('-h')) return console.log(usage);
  if (asked.length > 0) throw new Error(`It takes no arguments (${asked.join(' ')}); see npm start -- --help.`);
  checkNode();
  await ensureInstalled();
  await ensureBuilt();
  await chooseSandbox();
  // In this process, so that signals and the exit code need no forwarding.
  await compiled('src/main.js');
}

main().catch((error) => {
  console.error(`npm start: ${firstLine(error)}`);
  process.exitCode = 1;
});
