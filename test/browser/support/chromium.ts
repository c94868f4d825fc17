/** Debian's Chromium, as the browser tests start it; each start has a profile of its own. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { patienceMs } from '../../support/patience.js';

const executablePath = '/usr/bin/chromium';
const quiet = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

export const hasChromium = existsSync(executablePath);

export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: quiet, timeout: patienceMs });
}
