/** What the browser tests stand on: a runner on bubblewrap that serves the built page, and Chromium. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeWhere } from '../../support/describe-where.js';
import { grounds } from '../../support/grounds.js';
import { RunningService } from '../../support/running-service.js';
import { hasChromium } from './chromium.js';

export const pageFolder = fileURLToPath(new URL('../../../dist/browser', import.meta.url));
const ground = grounds.find(({ name }) => name === 'bubblewrap host');

/** Settings of a runner there. */
export const groundEnv = { ...ground?.env, REPL_RUNNER_POOL: 'python=2:4' };

export const hasBrowserGround = ground?.available === true && hasChromium && existsSync(pageFolder);
export const inBrowser = describeWhere(hasBrowserGround);

export function startRunner(folder = pageFolder): Promise<RunningService> {
  return RunningService.start(groundEnv, { pageFolder: folder });
}
