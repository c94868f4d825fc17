/** What the example page gives a person whatever lies between browser and runner: from the first click to the end. */
import { expect } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { ReplPage } from './repl-page.js';

/** Runs and imports the page's files, reloads, lets somebody watch, stops a flood, ends. The page is open and has no REPL. */
export async function walkThrough(browser: Browser, repl: ReplPage): Promise<void> {
  await repl.page.click('#run');
  await repl.until('>>>');
  await repl.run('answer(6, 7)', '42\n>>>');
  await repl.run('import hiker; kept = hiker.answer(6, 7); kept * 1000', '42000\n>>>');
  const before = await repl.transcript();
  await repl.page.reload();
  await repl.untilPhase('live');
  await repl.until('42000\n>>>');
  expect(await repl.transcript()).toBe(before);
  await repl.run('kept * 2000', '84000');
  await repl.page.click('#share');
  const watcher = await ReplPage.open(browser, await repl.page.inputValue('#shared-link'));
  await watcher.until('84000');
  expect(watcher.faults).toEqual([]);
  await watcher.close();
  await repl.page.keyboard.press('Escape');
  await repl.type('while True: print("flood " * 20)', '');
  await repl.until('flood flood');
  await repl.button('stop');
  await repl.until('KeyboardInterrupt');
  await repl.button('end');
  await repl.untilPhase('ended');
}
