// Which packages stand in what the build makes for browsers, beside those that run in production: `scripts/sbom.mjs` names them.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './build.mjs';

const folder = join(root, 'dist', 'packages');

/** Notes the folders of the packages that are part of a build, such as `node_modules/ws`: esbuild's inputs, or any paths. */
export function noteBundled(name, paths) {
  const packages = paths.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify([...new Set(packages)].sort(), null, 2)}\n`);
}

export function bundledPackages() {
  return readdirSync(folder).flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
}
