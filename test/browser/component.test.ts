/** The component's example pages, each as it stands: they start, resume, tell of events, obey methods, and watch. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { ReplTerminal } from '../../client/browser/repl-terminal.js';
import type { RunningService } from '../support/running-service.js';
import { startChromium } from './support/chromium.js';
import { inBrowser, pageFolder, startRunner } from './support/ground.js';
import { ReplPage } from './support/repl-page.js';

const examples = fileURLToPath(new URL('../../examples/component', import.meta.url));

inBrowser('<repl-terminal>', () => {
  let folder: string;
  let runner: RunningService;
  let browser: Browser;
  let repl: ReplPage;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'component-'));
    cpSync(examples, folder, { recursive: true });
    cpSync(pageFolder, join(folder, 'browser'), { recursive: true });
    [runner, browser] = await Promise.all([startRunner(folder), startChromium()]);
  });

  afterEach(async () => {
    await repl.close();
    expect(repl.faults).toEqual([]);
  });

  afterAll(async () => {
    await browser.close();
    await runner.stop();
    rmSync(folder, { recursive: true });
  });

  async function open(name: string): Promise<void> {
    repl = await ReplPage.open(browser, new URL(`/${name}.html`, runner.url).href);
  }

  const log = (text: string | RegExp): Promise<void> => repl.page.locator('#log', { hasText: text }).waitFor();

  it('starts with files and start-up code', async () => {
    await open('start');
    await repl.start();
    await repl.run('answer() * 1000', '42000');
  });

  it('takes what its host has set before it was there', async () => {
    await open('start');
    await repl.page.route('**/start.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    await repl.page.route('**/repl-terminal.js', async (route) => {
      await repl.page.locator('repl-terminal').waitFor({ state: 'attached' });
      await repl.page.evaluate(() =>
        Object.assign(document.querySelector('repl-terminal') ?? {}, { sessionOptions: { startup: 'early = 42' } }),
      );
      await route.continue();
    });
    await repl.page.reload();
    await repl.start();
    await repl.run('early * 1000', '42000');
  });

  it('resumes after a reload', async () => {
    await open('resume');
    await repl.until('>>>');
    await repl.run('kept = 6; "ke" + "pt"', "'kept'");
    await repl.page.reload();
    await repl.until("'kept'");
    await repl.run('kept * 7000', '42000');
  });

  it('tells of what happens', async () => {
    await open('events');
    await repl.start();
    for (const name of ['repl-start', 'repl-ready']) await log(name);
    await repl.type('print("\\x1b]0;mine\\x07")');
    await log('repl-title {"title":"mine"}');
    await repl.type('exit(3)');
    await log(/repl-exit .*"exitCode":3/);
    await repl.button('restart');
    await log('repl-restart');
    await repl.untilPhase('live');
    await repl.button('end');
    await log('repl-end {"error":null}');
  });

  it('restarts with options that only a start takes', async () => {
    await open('events');
    await repl.page.evaluate(() =>
      Object.assign(document.querySelector('repl-terminal') ?? {}, {
        sessionOptions: { startup: 'anew = 42', limits: { memory_mib: 128 }, egress: false },
      }),
    );
    await repl.start();
    await repl.button('restart');
    await log('repl-restart');
    await repl.run('anew * 1000', '42000');
  });

  it('obeys its methods, and hides what its host hides', async () => {
    await open('methods');
    const press = (name: string): Promise<void> => repl.page.click(`#buttons button:text-is("${name}")`);
    await expect(repl.page.locator('repl-terminal .bar').isVisible()).resolves.toBe(false);
    await press('start');
    await repl.until('>>>');
    await press('type');
    await repl.until('42');
    await press('paste');
    await repl.type('');
    await repl.until('\n2\n');
    await press('restart');
    await repl.until('again');
    await repl.compute();
    await press('interrupt');
    await repl.until('KeyboardInterrupt');
    await press('transcript');
    await log('KeyboardInterrupt');
    await press('end');
    await repl.untilPhase('ended');
  });

  it("takes its host's colours and buttons", async () => {
    await open('theme');
    await repl.page.click('#start');
    await repl.until('>>>');
    const background = await repl.page
      .locator('repl-terminal .xterm-scrollable-element')
      .evaluate((element) => getComputedStyle(element).backgroundColor);
    expect(background).toBe('rgb(247, 240, 223)');
    await expect(repl.page.locator('repl-terminal [data-action=end]').isVisible()).resolves.toBe(false);
    await repl.compute();
    await repl.page.click('#stop');
    await repl.until('KeyboardInterrupt');
  });

  it('shows a viewer what the owner has', async () => {
    await open('watch');
    await repl.page.click('#owner .veil button');
    await repl.until('>>>');
    await repl.page.focus('#owner .xterm-helper-textarea');
    await repl.page.keyboard.type('"vie" + "wed"\n');
    await repl.page.waitForFunction(() =>
      document.querySelector<ReplTerminal>('#viewer')?.transcript.includes("'viewed'"),
    );
    await expect(repl.page.locator('#viewer [data-action=stop]').isVisible()).resolves.toBe(false);
  });

  it('leaves the keyboard to the host where that asks for it', async () => {
    await open('keyboard');
    await repl.until('>>>');
    await repl.page.focus('repl-terminal .xterm-helper-textarea');
    await repl.page.keyboard.press('Alt+1');
    await repl.page.locator('#presses', { hasText: '1' }).waitFor();
    await repl.page.keyboard.press('Tab');
    const focused = await repl.page.evaluate(() => document.activeElement?.textContent);
    expect(focused).toBe('The next stop of the Tab key');
    await expect(repl.page.locator('repl-terminal .xterm-accessibility').count()).resolves.toBe(1);
  });

  it('keeps its session when it is moved in the page', async () => {
    await open('start');
    await repl.start();
    await repl.run('"mo" + "ved"', "'moved'");
    await repl.page.evaluate(() => {
      const box = document.createElement('div');
      document.body.append(box);
      box.append(document.querySelector('repl-terminal') ?? '');
    });
    await repl.untilPhase('live');
    await repl.until("'moved'");
    await repl.run('answer() * 1000', '42000');
    await repl.page.keyboard.press('Control+Shift+F');
    await repl.page.locator('repl-terminal .find').waitFor();
  });

  it('says that there is no match, and that its search could not be loaded', async () => {
    await open('start');
    await repl.start();
    const said = (text: string): Promise<void> => repl.page.locator('repl-terminal .live', { hasText: text }).waitFor();
    await repl.page.route('**/repl-terminal-search.js', (route) => route.abort());
    await repl.button('more');
    await repl.button('find');
    await repl.page.keyboard.type('absent');
    await repl.page.keyboard.press('Enter');
    await repl.page.locator('repl-terminal .state', { hasText: 'The search could not be loaded.' }).waitFor();
    await said('The search could not be loaded.');
    // Chromium says so of every file that does not come.
    repl.faults.splice(0, 1);
    await repl.page.unroute('**/repl-terminal-search.js');
    await repl.page.keyboard.press('Enter');
    await said('No match.');
  });

  it('takes the session that it was given while it was out of the page', async () => {
    await open('start');
    await repl.start();
    await repl.page.evaluate(async () => {
      const terminal = document.querySelector<ReplTerminal>('repl-terminal');
      if (terminal === null) return;
      const { id } = await terminal.client.start({ language: 'python', startup: 'other = 42' });
      terminal.remove();
      terminal.setAttribute('session', id);
      document.body.append(terminal);
    });
    await repl.run('other * 1000', '42000');
  });

  it('names the stage of a start that takes longer than a moment', async () => {
    await open('start');
    await repl.page.route('**/repl', async (route) => {
      await repl.page.locator('repl-terminal .veil', { hasText: 'Starting a REPL…' }).waitFor();
      await route.continue();
    });
    await repl.start();
  });

  it('says why there is no REPL', async () => {
    await open('start');
    await repl.page.route('**/repl', (route) =>
      route.fulfill({
        status: 503,
        headers: { 'Retry-After': '7' },
        json: { error: { code: 'capacity_exhausted', message: 'The runner is full.', retryable: true, context: {} } },
      }),
    );
    await repl.page.click('repl-terminal .veil button');
    await repl.untilPhase('failed');
    await repl.page.locator('repl-terminal .veil', { hasText: 'The runner is full.' }).waitFor();
    // Chromium says so of every 503.
    repl.faults.length = 0;
  });
});
