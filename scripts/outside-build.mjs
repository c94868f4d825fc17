// Puts what a container needs of node_modules and the build into .cache/outside, for image builds that cannot reach a
// registry of packages: `node scripts/outside-build.mjs && docker-compose build`. Remove the folder to build inside again.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { askedWords } from './lib/asked-words.mjs';
import { ensureBuilt, ensureInstalled, root } from './lib/build.mjs';
import { say } from './lib/shell.mjs';

const usage = `node scripts/outside-build.mjs

Puts what a container needs of node_modules and the build into .cache/outside, for builds of the images of
docker-compose.yml where no registry of packages can be reached. Remove that folder to build inside again.`;

export const outside = join(root, '.cache', 'outside');

/** Nothing that runs; half of all files, and each costs time in every layer. */
const unused = /\.(md|map|[cm]?ts)$/;

/** Folders of the packages that run in production, as the lock file says. */
function productionPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional && existsSync(join(root, path)))
    .map(([path]) => path);
}

/** Fills the folder anew; answers how many packages are in it. Needs packages and build to be up to date. */
export function fillOutside() {
  rmSync(outside, { recursive: true, force: true });
  mkdirSync(outside, { recursive: true });
  const tests = join(root, 'dist', 'test');
  cpSync(join(root, 'dist'), join(outside, 'dist'), { recursive: true, filter: (from) => from !== tests });
  const packages = productionPackages();
  for (const path of packages) {
    // Nested packages are in the list themselves, where they run in production.
    const nested = join(root, path, 'node_modules');
    const filter = (from) => from !== nested && !unused.test(from);
    cpSync(join(root, path), join(outside, path), { recursive: true, filter });
  }
  return packages.length;
}

async function main() {
  askedWords(usage);
  await ensureInstalled();
  await ensureBuilt();
  say(`${fillOutside()} packages and the build are in .cache/outside`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
