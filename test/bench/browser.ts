/**
 * What a person in a browser feels: from the click to the prompt, how smooth the page stays in a flood, and how soon Stop
 * gives the prompt back. In Debian's Chromium, with the page that the runner itself serves.
 */
import { chromium, type Page } from 'playwright-core';
import { runnerSettings, type BenchDriver } from './driver.js';
import { figure, timesFigure, type Figure } from './figure.js';
import { RunnerProcess } from './runner-process.js';
import { step } from './step.js';

const warmRounds = 20;
const coldRounds = 5;
const floodMegabytes = 20;
const stopRounds = 5;
const floodBeforeStopMs = 1_500;
const executablePath = '/usr/bin/chromium';
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

/** In the page: a prompt that tells of itself as a title, and waits for it; nothing looks at the screen meanwhile. */
const toolkit = `
  window.terminal = document.querySelector('repl-terminal');
  window.titled = (title) => new Promise((resolve) => {
    const hear = (event) => {
      if (event.detail.title !== title) return;
      terminal.removeEventListener('repl-title', hear);
      resolve(performance.now());
    };
    terminal.addEventListener('repl-title', hear);
  });
  window.startup = 'import sys; sys.ps1 = "\\\\x01\\\\x1b]0;prompt\\\\x07\\\\x02>>> "';
  window.press = (action) => terminal.shadowRoot.querySelector('.bar [data-action=' + action + ']').click();
`;

const promptMs = `(async () => {
  terminal.sessionOptions = { startup };
  const prompt = titled('prompt');
  const since = performance.now();
  press('start');
  const took = await prompt - since;
  await terminal.end();
  return took;
})()`;

const begin = `(async () => { const prompt = titled('prompt'); await terminal.start({ startup }); await prompt; })()`;

/** Longest time between two frames while the program prints, and how long it took. */
const flood = (code: string): string => `(async () => {
  const done = titled('done');
  let longest = 0;
  let last = performance.now();
  let over = false;
  const look = (now) => { longest = Math.max(longest, now - last); last = now; if (!over) requestAnimationFrame(look); };
  requestAnimationFrame(look);
  const since = performance.now();
  terminal.type(${JSON.stringify(code)});
  const took = await done - since;
  over = true;
  return [longest, took];
})()`;

const stopMs = `(async () => {
  terminal.type('while True: print("flood " * 12)\\r\\r');
  await new Promise((resolve) => setTimeout(resolve, ${floodBeforeStopMs}));
  const prompt = titled('prompt');
  const since = performance.now();
  press('stop');
  return await prompt - since;
})()`;

async function promptTimes(page: Page, runner: RunnerProcess, rounds: number, warm: number): Promise<number[]> {
  const times: number[] = [];
  for (let round = -1; round < rounds; round += 1) {
    await runner.untilWarm(warm);
    const took = await page.evaluate<number>(promptMs);
    if (round >= 0) times.push(took);
  }
  return times;
}

async function inPage<Result>(
  settings: Readonly<Record<string, string>>,
  measure: (page: Page, runner: RunnerProcess) => Promise<Result>,
): Promise<Result> {
  const runner = await RunnerProcess.start(settings);
  const browser = await chromium.launch({ executablePath, args: quiet });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(runner.url.href);
    await page.waitForFunction("customElements.get('repl-terminal') !== undefined");
    await page.evaluate(toolkit);
    return await measure(page, runner);
  } finally {
    await browser.close();
    await runner.stop();
  }
}

async function floodTimes(page: Page): Promise<number[]> {
  const block = `("y" * 78 + "\\n") * 128`;
  const blocks = Math.ceil((floodMegabytes * 1e6) / (80 * 128));
  const code = `for _ in range(${blocks}): _ = sys.stdout.write(${block})\r\rprint("\\x1b]0;done\\x07")\r`;
  return await page.evaluate<number[]>(flood(code));
}

async function stopTimes(page: Page): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < stopRounds; round += 1) times.push(await page.evaluate<number>(stopMs));
  return times;
}

/** @param imageTag as for the other topics */
export async function benchBrowser(driver: BenchDriver, imageTag: string): Promise<Figure[]> {
  const settings = runnerSettings(driver, imageTag);
  const cold = await step(`${coldRounds} clicks with none waiting`, () =>
    inPage({ ...settings, REPL_RUNNER_POOL: 'python=0:0' }, (page, runner) => promptTimes(page, runner, coldRounds, 0)),
  );
  return await inPage({ ...settings, REPL_RUNNER_POOL: 'python=3:3' }, async (page, runner) => {
    const warm = await step(`${warmRounds} clicks with a full pool`, () => promptTimes(page, runner, warmRounds, 3));
    await page.evaluate(begin);
    const [frameMs = NaN, floodMs = NaN] = await step(`a flood of ${floodMegabytes} MB`, () => floodTimes(page));
    const stops = await step(`${stopRounds} stops`, () => stopTimes(page));
    return [
      timesFigure(`${driver}_browser_prompt_warm_p50`, warm, 0.5, { atMost: 500 }),
      timesFigure(`${driver}_browser_prompt_warm_p95`, warm, 0.95, { atMost: 500 }),
      timesFigure(`${driver}_browser_prompt_cold_p50`, cold, 0.5, { atMost: 2_000 }),
      figure(`${driver}_browser_flood_longest_frame`, frameMs, 'ms', { atMost: 100 }),
      figure(`${driver}_browser_flood_rate`, floodMegabytes / (floodMs / 1_000), 'MB/s'),
      figure(`${driver}_browser_stop_worst`, Math.max(...stops), 'ms', { atMost: 1_000 }),
    ];
  });
}
