/** The production shape on one machine: a browser, the real nginx, the host app with the proxy module, a runner. */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { describeWhere } from '../support/describe-where.js';
import { Nginx, nginxIsInstalled } from '../support/nginx.js';
import { RunningService } from '../support/running-service.js';
import { startChromium } from './support/chromium.js';
import { groundEnv, hasBrowserGround } from './support/ground.js';
import { hasHostApp, HostApp } from './support/host-app.js';
import { ReplPage } from './support/repl-page.js';
import { walkThrough } from './support/walk-through.js';

const apiToken = 'a-token-of-this-test-only';

describeWhere(hasBrowserGround && nginxIsInstalled && hasHostApp)('the host app behind nginx', () => {
  let runner: RunningService;
  let app: HostApp;
  let nginx: Nginx;
  let browser: Browser;
  let repl: ReplPage;

  beforeAll(async () => {
    runner = await RunningService.start({ ...groundEnv, REPL_RUNNER_API_TOKEN: apiToken });
    app = await HostApp.start({ url: runner.url, apiToken });
    [nginx, browser] = await Promise.all([Nginx.start(new URL(app.url).host), startChromium()]);
  });

  afterEach(async () => {
    await repl.close();
    expect(repl.faults).toEqual([]);
  });

  afterAll(async () => {
    await browser.close();
    await nginx.stop();
    await app.stop();
    await runner.stop();
  });

  it('gives a REPL that has the files, survives a reload, watches, and ends', async () => {
    repl = await ReplPage.open(browser, nginx.url);
    await walkThrough(browser, repl);
  });

  it('shows the component alone', async () => {
    repl = await ReplPage.open(browser, new URL('/component/start.html', nginx.url).href);
    await repl.start();
    await repl.run('answer() * 1000', '42000');
    await repl.button('end');
    await repl.untilPhase('ended');
  });

  it('gives no REPL to a page of another site', async () => {
    repl = await ReplPage.open(browser, new URL('/component/start.html', nginx.url).href);
    const headers = { Origin: 'http://elsewhere.example', 'Content-Type': 'application/json' };
    const refused = await fetch(`${nginx.url}/repl`, { method: 'POST', headers, body: '{"language":"python"}' });
    expect(refused.status).toBe(403);
  });
});
