/**
 * Peers that come from npm. They are no dependencies of the project: they have a manifest and a lock of their own, in npm/, and
 * are installed only where somebody asks for it, into a folder of the cache.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Compiled, this file is dist/test/bench/peers/npm-peers.js.
const root = fileURLToPath(new URL('../../../../', import.meta.url));
const manifestFolder = join(root, 'test/bench/peers/npm');

export const npmPeersFolder = join(root, '.cache/bench-peers');
export const npmPeersRemedy = 'npm run bench -- peers --install';

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const manifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Whether it is there in the version that the manifest names; with `compiled` that file of it as well. */
export function hasNpmPeer(name: string, compiled = 'package.json'): boolean {
  const folder = join(npmPeersFolder, 'node_modules', name);
  if (!existsSync(join(folder, compiled))) return false;
  return manifest(folder).version === manifest(manifestFolder).dependencies[name];
}

/** Installs all of them, and compiles node-pty, which needs a C++ compiler, make and python3. */
export function installNpmPeers(): void {
  process.stderr.write(`» npm ci in ${npmPeersFolder}, and node-pty compiled …\n`);
  mkdirSync(npmPeersFolder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) {
    copyFileSync(join(manifestFolder, file), join(npmPeersFolder, file));
  }
  npm('ci', '--ignore-scripts', '--no-audit', '--no-fund');
  npm('rebuild', 'node-pty', '--ignore-scripts=false');
}

function npm(...args: readonly string[]): void {
  execFileSync('npm', args, { cwd: npmPeersFolder, stdio: ['ignore', 'inherit', 'inherit'], env: npmEnv() });
}

/** With the headers that lie beside this Node.js where it brought some, or else node-gyp fetches them. */
function npmEnv(): NodeJS.ProcessEnv {
  const prefix = dirname(dirname(process.execPath));
  const hasHeaders = existsSync(join(prefix, 'include/node/node.h'));
  return hasHeaders ? { ...process.env, npm_config_nodedir: prefix } : process.env;
}
