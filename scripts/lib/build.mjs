// Brings dependencies and the compiled runner up to date: only when they are missing or older than what they come from.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, step } from './shell.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const changedAt = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

export function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19);
}

export function checkNode() {
  const { node } = process.versions;
  if (isNewEnough(node)) return;
  throw new Error(`Node ${node} is too old: repl_runner needs 20.19 or newer, see https://nodejs.org/en/download`);
}

export async function ensureInstalled() {
  // npm writes this file last, so that an interrupted installation counts as none.
  const installed = changedAt(join(root, 'node_modules', '.package-lock.json'));
  if (installed >= changedAt(join(root, 'package-lock.json'))) return;
  const install = () => run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, quiet: true });
  await step('npm ci, since dependencies are missing or older than package-lock.json (a minute at first)', install);
}

export async function ensureBuilt() {
  const sources = ['src', 'client', 'proxy', 'guard', 'examples/web', 'test/bench'].filter((folder) =>
    existsSync(join(root, folder)),
  );
  const newest = sources
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .reduce(
      (latest, entry) => Math.max(latest, changedAt(join(entry.parentPath, entry.name))),
      Math.max(
        ...['tsconfig.json', 'scripts/build-browser.mjs', 'scripts/build-api-docs.mjs'].map((file) =>
          changedAt(join(root, file)),
        ),
      ),
    );
  if (changedAt(stamp) > newest) return;
  await step('npm run build', () => run('npm', ['run', '--silent', 'build'], { cwd: root, quiet: true }));
}

/** Written by `npm run build` when it has ended well. */
const stamp = join(root, 'dist', '.built');
