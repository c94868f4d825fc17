/** What the browser tests stand on: a runner on bubblewrap that serves the built page, and Chromium. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe } from '@jest/globals';
import { grounds } from '../../support/grounds.js';
import { RunningService } from '../../support/running-service.js';
import { hasChromium } from './chromium.js';

export const pageFolder = fileURLToPath(new URL('../../../dist/browser', import.meta.url));
const ground = grounds.find(({ name }) => name === 'bubblewrap host');

/** Settings of a runner there. */
export const groundEnv = { ...ground?.env, REPL_RUNNER_POOL: 'python=2:4' };

/** Skipped by name on a laptop without what it needs; scripts/test.mjs fails in CI instead. */
export const inBrowser: typeof describe | typeof describe.skip =
  ground?.available === true && hasChromium && existsSync(pageFolder) ? describe : describe.skip;

export function startRunner(folder = pageFolder): Promise<RunningService> {
  return RunningService.start(groundEnv, { pageFolder: folder });
}
