/** The page for those who see, point or type otherwise, and under a strict policy. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { endless } from '../support/endless.js';
import type { RunningService } from '../support/running-service.js';
import { startChromium } from './support/chromium.js';
import { inBrowser, startRunner } from './support/ground.js';
import { ReplPage } from './support/repl-page.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeViolation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

inBrowser('the page', () => {
  let runner: RunningService;
  let browser: Browser;
  let repl: ReplPage;

  beforeAll(async () => {
    [runner, browser] = await Promise.all([startRunner(), startChromium()]);
  });

  afterEach(async () => {
    await repl.close();
  });

  afterAll(async () => {
    await browser.close();
    await runner.stop();
  });

  async function seriousFaults(): Promise<string[]> {
    // Through the debugger's door, which the page's policy does not close.
    await repl.page.evaluate(axe);
    const violations = await repl.page.evaluate<AxeViolation[]>('axe.run().then(({ violations }) => violations)');
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
  }

  it.each(['light', 'dark', 'high-contrast'] as const)('has no serious fault that axe sees, %s', async (theme) => {
    repl = await ReplPage.open(browser, runner.url);
    await repl.page.evaluate((name) => {
      localStorage.setItem('repl_runner.theme', name);
    }, theme);
    await repl.page.reload();
    await expect(seriousFaults()).resolves.toEqual([]);
    await repl.start();
    await repl.run('1/0', 'ZeroDivisionError');
    await repl.button('more');
    await expect(seriousFaults()).resolves.toEqual([]);
    await repl.button('reader');
    await repl.button('more');
    await repl.button('transcript');
    await expect(seriousFaults()).resolves.toEqual([]);
  });

  it("violates no policy, and keeps colours and font under style-src 'self'", async () => {
    repl = await ReplPage.open(browser, runner.url);
    await repl.start();
    await repl.run(
      'print("\\x1b[38;2;200;40;20mtrue\\x1b[0m \\x1b[38;5;27mpalette\\x1b[0m \\x1b[7minverse")',
      'true palette',
    );
    await repl.page.keyboard.press('Control+Shift+F');
    await repl.page.keyboard.type('palette');
    await repl.page.keyboard.press('Enter');
    await repl.page.locator('repl-terminal .xterm-decoration-container > *').first().waitFor({ state: 'attached' });
    const span = repl.page.locator('repl-terminal .xterm-rows span', { hasText: /^true$/ }).last();
    const style = await span.evaluate((element) => {
      const { color, fontFamily } = getComputedStyle(element);
      return { color, fontFamily };
    });
    expect(style).toEqual({
      color: 'rgb(200, 40, 20)',
      fontFamily: expect.stringContaining('ui-monospace') as unknown,
    });
    expect(repl.faults).toEqual([]);
  });

  it('works on a phone, with its keys and its composer', async () => {
    const viewport = { width: 390, height: 780 };
    repl = await ReplPage.open(browser, runner.url, { viewport, hasTouch: true, isMobile: true });
    await repl.page.tap('#run');
    await repl.until('>>>');
    const composer = repl.page.locator('repl-terminal .composer textarea');
    await composer.fill('answer(6, 7) * 1000');
    await composer.press('Enter');
    await repl.until('42000\n>>>');
    await repl.page.tap('repl-terminal [data-key=up]');
    await repl.page.tap('repl-terminal .composer button');
    await repl.until('42000\n>>> answer(6, 7) * 1000\n42000');
    await composer.fill(endless);
    await composer.press('Enter');
    await repl.until('computing');
    await repl.page.tap('repl-terminal [data-key=ctrl]');
    await composer.pressSequentially('c');
    await repl.until('KeyboardInterrupt');
    const overflow = await repl.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBe(0);
    await expect(seriousFaults()).resolves.toEqual([]);
  });
});
