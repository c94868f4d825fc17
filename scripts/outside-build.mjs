// Puts what a container needs of node_modules and the build into .cache/outside, for image builds that cannot reach a
// registry of packages: `node scripts/outside-build.mjs && docker-compose build`. Remove the folder to build inside again.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './lib/build.mjs';
import { say } from './lib/shell.mjs';

const outside = join(root, '.cache', 'outside');

/** Folders of the packages that run in production, as the lock file says. */
function productionPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional && existsSync(join(root, path)))
    .map(([path]) => path);
}

await ensureInstalled();
await ensureBuilt();
rmSync(outside, { recursive: true, force: true });
mkdirSync(outside, { recursive: true });
cpSync(join(root, 'dist'), join(outside, 'dist'), { recursive: true });
const packages = productionPackages();
for (const path of packages) {
  // Nested packages are in the list themselves, where they run in production.
  const nested = join(root, path, 'node_modules');
  cpSync(join(root, path), join(outside, path), { recursive: true, filter: (from) => from !== nested });
}
say(`${packages.length} packages and the build are in .cache/outside`);
