/** The page at `/docs` in a real browser, under its own policy and without a network but the runner. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { OpenApi } from '../support/open-api.js';
import { patienceMs } from '../support/patience.js';
import { RunningService } from '../support/running-service.js';
import { startChromium } from './support/chromium.js';
import { groundEnv, inBrowser } from './support/ground.js';

const apiToken = 'a-token-of-this-test';

inBrowser('The page at /docs', () => {
  let runner: RunningService;
  let guarded: RunningService;
  let browser: Browser;
  let faults: string[];

  beforeAll(async () => {
    const env = { ...groundEnv, REPL_RUNNER_POOL: 'python=0:0' };
    runner = await RunningService.start(env);
    guarded = await RunningService.start({ ...env, REPL_RUNNER_API_TOKEN: apiToken });
    browser = await startChromium();
  });

  afterAll(async () => {
    await browser.close();
    await Promise.all([runner.stop(), guarded.stop()]);
  });

  /** Whatever it complains about or asks of others is a fault; a refused document is what asks for the token. */
  async function open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    faults = [];
    const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, ...options });
    context.setDefaultTimeout(patienceMs);
    const page = await context.newPage();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      const text = `${message.text()} ${message.location().url}`;
      if (message.type() === 'error' && !/401 .*\/openapi\.json/.test(text)) faults.push(text);
    });
    page.on('request', (request) => {
      if (!request.url().startsWith('data:') && new URL(request.url()).origin !== url) faults.push(request.url());
    });
    await page.goto(`${url}/docs`);
    return page;
  }

  it('shows every call, and all of it under a strict policy', async () => {
    const page = await open(runner.url);
    await page.locator('.opblock').first().waitFor();
    const { operations } = new OpenApi((await runner.call('GET', '/openapi.json')).body as Record<string, unknown>);
    expect(await page.locator('.opblock').count()).toBe(operations.length);
    for (const { operationId } of operations) {
      expect(await page.locator('.opblock-summary-operation-id', { hasText: operationId }).count()).toBeGreaterThan(0);
    }
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('tries a call out', async () => {
    const page = await open(runner.url);
    await page.click('.opblock:has-text("languages") .opblock-summary-control');
    await page.click('.try-out__btn');
    await page.click('.execute');
    await page.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
    expect(await page.locator('.live-responses-table').textContent()).toContain('"python"');
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('asks for the token that the runner wants, and calls with it', async () => {
    const page = await open(guarded.url);
    await page.fill('#token', 'wrong');
    await page.press('#token', 'Enter');
    await page.locator('#problem', { hasText: 'not the right token' }).waitFor();
    await page.fill('#token', apiToken);
    await page.press('#token', 'Enter');
    await page.click('.opblock:has-text("languages") .opblock-summary-control');
    await page.click('.try-out__btn');
    await page.click('.execute');
    await page.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
    const kept = await page.evaluate(() =>
      JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]),
    );
    expect(kept).not.toContain(apiToken);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it.each(['light', 'dark'] as const)('is %s where the system is', async (colorScheme) => {
    const page = await open(runner.url, { colorScheme });
    await page.locator('.opblock').first().waitFor();
    const brightness = await page.evaluate(() => {
      const [red = 255] = getComputedStyle(document.body).backgroundColor.match(/\d+/g)?.map(Number) ?? [];
      const none = getComputedStyle(document.body).backgroundColor.endsWith(', 0)');
      return none ? 255 : red;
    });
    expect(brightness < 128).toBe(colorScheme === 'dark');
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
