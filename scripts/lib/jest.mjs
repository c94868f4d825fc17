// How the commands start jest: with modules as Node has them, in this project's root.
import { join } from 'node:path';
import { root } from './build.mjs';
import { run } from './shell.mjs';

export const jestProgram = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
export const jestOptions = { NODE_OPTIONS: '--experimental-vm-modules --no-warnings' };

/** Runs these files or with these arguments; rejects where a test fails. */
export function jest(args, env) {
  return run(process.execPath, [jestProgram, ...args], { cwd: root, env: { ...jestOptions, ...env } });
}
