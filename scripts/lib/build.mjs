// Brings dependencies and the compiled runner up to date: only when they are missing or older than what they come from.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, say } from './shell.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const changedAt = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(`Node ${process.versions.node} is too old: repl_runner needs 20.19 or newer.`);
}

export async function ensureInstalled() {
  // npm writes this file last, so that an interrupted installation counts as none.
  const installed = changedAt(join(root, 'node_modules', '.package-lock.json'));
  if (installed >= changedAt(join(root, 'package-lock.json'))) return;
  say('npm ci (dependencies are missing or older than package-lock.json) …');
  await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root });
}

export async function ensureBuilt() {
  const sources = ['src', 'client', 'proxy', 'examples/web'].filter((folder) => existsSync(join(root, folder)));
  const newest = sources
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .reduce(
      (latest, entry) => Math.max(latest, changedAt(join(entry.parentPath, entry.name))),
      Math.max(...['tsconfig.json', 'scripts/build-browser.mjs'].map((file) => changedAt(join(root, file)))),
    );
  if (changedAt(stamp) > newest) return;
  say('npm run build …');
  await run('npm', ['run', '--silent', 'build'], { cwd: root });
}

/** Written by `npm run build` when it has ended well. */
const stamp = join(root, 'dist', '.built');
