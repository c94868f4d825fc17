/** The example page, served by a runner, in a real browser: a REPL from the first click to the end. */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { RunningService } from '../support/running-service.js';
import { startChromium } from './support/chromium.js';
import { inBrowser, startRunner } from './support/ground.js';
import { Relay } from './support/relay.js';
import { ReplPage } from './support/repl-page.js';

inBrowser('the page', () => {
  let runner: RunningService;
  let browser: Browser;
  let repl: ReplPage;

  beforeAll(async () => {
    [runner, browser] = await Promise.all([startRunner(), startChromium()]);
  });

  afterEach(async () => {
    const id = await repl.page.evaluate(() => sessionStorage.getItem('repl_runner.session')).catch(() => null);
    await repl.close();
    if (id !== null) await runner.call('DELETE', `/repl/${id.split(' ')[0] ?? ''}`);
    expect(repl.faults).toEqual([]);
  });

  afterAll(async () => {
    await browser.close();
    await runner.stop();
  });

  it('starts a REPL that has the files, and shows what is typed', async () => {
    repl = await ReplPage.open(browser, runner.url);
    await repl.start();
    await repl.run('import hiker', 'The answer is 54');
    await repl.run('hiker.answer(6, 7) * 1000', '42000');
    await repl.run('print("\\x1b[38;2;250;90;10morange", "caf\\u00e9", "\\u6f22\\u5b57")', 'orange café 漢字');
  });

  it('runs a file so that its names stay, and runs it anew after a change', async () => {
    repl = await ReplPage.open(browser, runner.url);
    await repl.edit('def plus(a, b):\n    return a + b\n');
    await repl.page.click('#run');
    await repl.until('>>>');
    await repl.run('plus(20_000, 2)', '20002');
    await repl.edit('def times(a, b):\n    return a * b\n');
    await repl.page.click('#run');
    await repl.run('times(300, 7)', '2100');
    await repl.run('plus(1, 1)', 'NameError');
  });

  it('leads from a traceback to the line in the editor', async () => {
    repl = await ReplPage.open(browser, runner.url);
    await repl.edit('def fail():\n    raise ValueError("mine")\n\n\nfail()\n');
    await repl.page.click('#run');
    await repl.until('ValueError: mine');
    expect(await repl.transcript()).not.toContain('<startup>');
    const row = repl.page.locator('repl-terminal .xterm-rows > div', { hasText: 'line 2, in fail' });
    const { x, y, height } = (await row.boundingBox()) ?? { x: 0, y: 0, height: 0 };
    await repl.page.mouse.move(x + 60, y + height / 2);
    await repl.page.mouse.move(x + 64, y + height / 2);
    await repl.page.locator('repl-terminal .xterm-cursor-pointer').waitFor();
    await repl.page.mouse.down();
    await repl.page.mouse.up();
    await repl.page.waitForFunction(() =>
      document.querySelector('#editor')?.shadowRoot?.querySelector('.cm-activeLine')?.textContent.includes('raise'),
    );
  });

  it('finds the same screen after a reload', async () => {
    repl = await ReplPage.open(browser, runner.url);
    await repl.start();
    await repl.run('kept = 7 * 3', '>>> kept');
    await repl.run('print("\\x1b[31m" + "red" * 3)', 'redredred\n>>>');
    const before = await repl.transcript();
    await repl.page.reload();
    await repl.untilPhase('live');
    await repl.until('redredred\n>>>');
    expect(await repl.transcript()).toBe(before);
    await repl.run('kept * 1000', '21000');
  });

  it('comes back after a lost network with nothing lost or repeated', async () => {
    const relay = await Relay.to(runner.url);
    repl = await ReplPage.open(browser, relay.url);
    await repl.start();
    const loop = 'import time\rfor n in range(400): print("n", n); time.sleep(0.005)\r\r';
    await repl.page.evaluate(async (text) => {
      document.querySelector<HTMLElement & { type(text: string): boolean }>('repl-terminal')?.type(text);
      await Promise.resolve();
    }, loop);
    await repl.until('n 40\n');
    relay.cut();
    await repl.untilPhase('reconnecting');
    await repl.page.locator('repl-terminal .veil', { hasText: 'reconnecting' }).waitFor();
    relay.mend();
    await repl.until('n 399\n');
    const counted = [...(await repl.transcript()).matchAll(/^n (\d+)$/gm)].map((match) => Number(match[1]));
    expect(counted).toEqual(Array.from({ length: 400 }, (_, n) => n));
    await repl.run('6 * 7000', '42000');
    await relay.close();
  });

  it('tells the program its size', async () => {
    repl = await ReplPage.open(browser, runner.url);
    await repl.start();
    await repl.page.setViewportSize({ width: 900, height: 500 });
    const rowsShown = (): number =>
      document.querySelector('repl-terminal')?.shadowRoot?.querySelectorAll('.xterm-rows > div').length ?? 0;
    await repl.page.locator('repl-terminal .xterm-rows > div:nth-child(22)').waitFor({ state: 'detached' });
    const rows = await repl.page.evaluate(rowsShown);
    await repl.type('import os', `while os.get_terminal_size().lines != ${rows}: pass`, '', 'print("fits" * 2)');
    await repl.until('fitsfits');
  });

  it('copies what is selected with Ctrl+C, and interrupts otherwise', async () => {
    repl = await ReplPage.open(browser, runner.url, { permissions: ['clipboard-read', 'clipboard-write'] });
    await repl.start();
    await repl.run('"copy" + "this"', 'copythis');
    const screen = await repl.page.locator('repl-terminal .xterm-screen').boundingBox();
    const rows = await repl.page.locator('repl-terminal .xterm-rows > div').count();
    const row = (await repl.transcript()).split('\n').findIndex((line) => line === "'copythis'");
    const y = (screen?.y ?? 0) + ((row + 0.5) * (screen?.height ?? 0)) / rows;
    await repl.page.mouse.dblclick((screen?.x ?? 0) + 30, y);
    await repl.page.keyboard.press('Control+c');
    await repl.page.waitForFunction(async () => (await navigator.clipboard.readText()).includes('copythis'));
    expect(await repl.transcript()).not.toContain('KeyboardInterrupt');
    await repl.compute();
    await repl.page.keyboard.press('Control+c');
    await repl.until('KeyboardInterrupt');
    await repl.page.evaluate(() => navigator.clipboard.writeText('"pas" + "ted" * 2'));
    await repl.page.keyboard.press('Control+v');
    await repl.type('');
    await repl.until('pastedted');
  });

  it('ends, starts again, and restarts after exit()', async () => {
    repl = await ReplPage.open(browser, runner.url);
    await repl.start();
    await repl.type('exit(3)');
    await repl.untilPhase('exited');
    await repl.page.locator('repl-terminal .state', { hasText: 'exited with code 3' }).waitFor();
    await repl.page.click('repl-terminal .veil button');
    await repl.untilPhase('live');
    await repl.run('1_000 * 5', '5000');
    await repl.button('end');
    await repl.untilPhase('ended');
    await repl.page.waitForFunction(async () => {
      const ready = (await (await fetch('/ready')).json()) as { sessions: number };
      return ready.sessions === 0;
    });
    await repl.start();
    await repl.run('1_000 * 6', '6000');
    expect(await repl.transcript()).not.toContain('5000');
  });

  it('shows the REPL to whoever has the link, who cannot type', async () => {
    repl = await ReplPage.open(browser, runner.url);
    await repl.start();
    await repl.page.click('#share');
    const link = await repl.page.inputValue('#shared-link');
    await repl.page.keyboard.press('Escape');
    const watcher = await ReplPage.open(browser, link);
    await watcher.until('>>>');
    await watcher.type('print("intruder")');
    await repl.run('"wat" + "ched"', 'watched');
    await watcher.until("'watched'");
    expect(await repl.transcript()).not.toContain('intruder');
    expect(watcher.faults).toEqual([]);
    await watcher.close();
  });

  it('gives the prompt back in a flood when Stop is pressed', async () => {
    repl = await ReplPage.open(browser, runner.url);
    await repl.start();
    await repl.type('while True: print("flood " * 20)', '');
    await repl.until('flood flood');
    await repl.button('stop');
    await repl.until('KeyboardInterrupt');
    await repl.run('6 * 7000', '42000');
  });

  it('lets the Tab key out after Esc, or always, as the person chooses', async () => {
    repl = await ReplPage.open(browser, runner.url);
    await repl.start();
    const inTerminal = (): Promise<boolean> =>
      repl.page.evaluate(
        () => document.querySelector('repl-terminal')?.shadowRoot?.activeElement?.matches('textarea') ?? false,
      );
    await repl.page.focus('repl-terminal .xterm-helper-textarea');
    await repl.page.keyboard.press('Tab');
    expect(await inTerminal()).toBe(true);
    await repl.page.keyboard.press('Escape');
    await repl.page.keyboard.press('Shift+Tab');
    expect(await inTerminal()).toBe(false);
    await repl.button('tab');
    await repl.page.focus('repl-terminal .xterm-helper-textarea');
    await repl.page.keyboard.press('Shift+Tab');
    expect(await inTerminal()).toBe(false);
  });

  it("lets the host's own keys through", async () => {
    repl = await ReplPage.open(browser, runner.url);
    await repl.start();
    await repl.page.focus('repl-terminal .xterm-helper-textarea');
    await repl.page.keyboard.press('Alt+r');
    await repl.until('# /sandbox/hiker.py');
  });

  it('shows all that was printed as text', async () => {
    repl = await ReplPage.open(browser, runner.url);
    await repl.start();
    await repl.run('print("line\\n" * 100)', 'line\n\n>>>');
    await repl.button('more');
    await repl.button('transcript');
    const text = await repl.page.textContent('repl-terminal .transcript pre');
    expect(text?.match(/^line$/gm)).toHaveLength(100);
  });
});
