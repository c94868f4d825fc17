// Makes a base for language images where no registry is reachable: a minimal Debian with python3, bootstrapped from the
// package mirror that this machine's own apt uses. Leaves a root file system in the cache folder (the bubblewrap driver
// can use it as it is) and, where a Docker daemon answers, the image `repl_runner/base:<suite>`.
// Needs root. Run it by hand as `node scripts/base-image.mjs trixie bookworm`; `npm test` calls it too.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { apt } from './lib/apt.mjs';
import { askedWords } from './lib/asked-words.mjs';
import { docker } from './lib/docker.mjs';
import { output, run, say, step } from './lib/shell.mjs';

const usage = `node scripts/base-image.mjs [trixie] [bookworm]

Makes the image repl_runner/base:trixie, and the same as a root file system, from the package mirror of this machine's apt:
a base for the languages' images where no registry of images can be reached. Needs root.`;

/** Debian releases that are known to work, and the Python that they carry. */
export const suites = { trixie: '3.13', bookworm: '3.11' };

export const baseImage = (suite) => `repl_runner/base:${suite}`;

export function rootfsFolder(suite) {
  // Root's home is often closed to others, and the sandbox user has to get in.
  const home = process.getuid() === 0 ? '/var/cache' : join(homedir(), '.cache');
  const cache = process.env.XDG_CACHE_HOME || home;
  return join(cache, 'repl_runner', `rootfs-${suite}`);
}

/** Bootstraps the suite unless that was done before; answers the folder. */
export async function makeRootfs(suite) {
  return await bootstrap(rootfsFolder(suite), suite, ['python3']);
}

/** Bootstraps a Debian with these packages and what they need into the folder, unless it is there. */
export async function bootstrap(folder, suite, packages) {
  if (existsSync(folder)) return folder;
  if (process.getuid() !== 0) throw new Error(`Making ${folder} needs root (debootstrap).`);
  await apt.need({ debootstrap: 'debootstrap' });
  const unfinished = `${folder}.unfinished-${process.pid}`;
  await mkdir(unfinished, { recursive: true, mode: 0o755 });
  try {
    const args = ['--variant=minbase', `--include=${packages.join(',')}`, suite, unfinished, mirror()];
    const what = `Bootstrapping Debian ${suite} with ${packages.join(', ')} into ${folder} (about a minute)`;
    await step(what, () => run('debootstrap', args, { quiet: true }));
    await slim(unfinished);
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** Imports the root file system as an image unless the daemon has it. */
export async function makeBaseImage(suite) {
  const folder = await makeRootfs(suite);
  if (await docker.hasImage(baseImage(suite))) return folder;
  say(`Importing ${baseImage(suite)} …`);
  const tar = spawn('tar', ['-C', folder, '--numeric-owner', '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(tar, 'close');
  await docker.importImage(baseImage(suite), tar.stdout);
  const [code] = await ended;
  if (code !== 0) throw new Error(`Packing ${folder} failed (exit code ${code}).`);
  return folder;
}

/** Drops what a sandbox has no use for, and makes everything readable to the sandbox user. */
async function slim(folder) {
  for (const path of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man', 'usr/share/locale']) {
    await rm(join(folder, path), { recursive: true, force: true });
  }
  await writeFile(join(folder, 'etc/hostname'), 'repl\n');
  await mkdir(join(folder, 'sandbox'), { recursive: true, mode: 0o755 });
  await mkdir(join(folder, 'opt/repl_runner'), { recursive: true, mode: 0o755 });
  await run('find', [folder, '-xdev', '-perm', '/6000', '-type', 'f', '-exec', 'chmod', 'a-s', '{}', '+']);
  await run('chmod', ['755', folder]);
}

/** The mirror of this machine's own apt configuration; no host is named in this project. */
function mirror() {
  const targets = output('apt-get', ['indextargets', '--format', '$(ORIGIN)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)']);
  const found = targets
    .split('\n')
    .map((line) => line.split('|'))
    .find(
      ([origin, component, release, uri]) =>
        origin === 'Debian' && component === 'main' && !/-/.test(release ?? '') && uri,
    );
  if (!found) throw new Error("This machine's apt knows no Debian mirror; a base image cannot be bootstrapped here.");
  return found[3];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const wanted = askedWords(usage, { most: Infinity });
  const unknown = wanted.filter((suite) => !(suite in suites));
  if (unknown.length > 0) {
    console.error(`node scripts/base-image.mjs: it makes ${Object.keys(suites).join(' and ')} only.`);
    process.exit(2);
  }
  for (const suite of wanted.length > 0 ? wanted : ['trixie']) {
    if (await docker.answers()) await makeBaseImage(suite);
    else await makeRootfs(suite);
  }
}
