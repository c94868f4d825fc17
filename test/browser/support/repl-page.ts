/** The example page as a person sees it: its terminal, its editor, and what the browser complained about. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { ReplTerminal } from '../../../client/browser/repl-terminal.js';
import { endless } from '../../support/endless.js';
import { patienceMs } from '../../support/patience.js';

/** A network that a test has cut, and the icon that a browser asks for by itself. */
const expected = /ERR_(INTERNET|CONNECTION|EMPTY)|WebSocket|favicon\.ico/;

export class ReplPage {
  readonly faults: string[] = [];

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<ReplPage> {
    const context = await browser.newContext({ viewport: { width: 1100, height: 700 }, ...options });
    context.setDefaultTimeout(patienceMs);
    const opened = new ReplPage(context, await context.newPage());
    opened.page.on('pageerror', (error) => opened.faults.push(error.message));
    opened.page.on('console', (message) => {
      const isFault = message.type() === 'error' && !expected.test(`${message.text()} ${message.location().url}`);
      if (isFault) opened.faults.push(message.text());
    });
    await opened.page.goto(url);
    await opened.page.waitForFunction(() => document.querySelector('repl-terminal')?.shadowRoot !== undefined);
    return opened;
  }

  /** Starts a REPL with the page's files by the button, and waits for its prompt. */
  async start(): Promise<void> {
    await this.page.click('repl-terminal .veil button');
    await this.until('>>>');
  }

  transcript(): Promise<string> {
    return this.page.evaluate(() => document.querySelector<ReplTerminal>('repl-terminal')?.transcript ?? '');
  }

  /** Resolves when the terminal shows this text; rejects with what it shows instead. */
  async until(text: string): Promise<void> {
    await this.#wait(
      (wanted) => document.querySelector<ReplTerminal>('repl-terminal')?.transcript.includes(wanted) ?? false,
      text,
    );
  }

  async untilGone(text: string): Promise<void> {
    await this.#wait(
      (wanted) => !(document.querySelector<ReplTerminal>('repl-terminal')?.transcript.includes(wanted) ?? true),
      text,
    );
  }

  async untilPhase(kind: string): Promise<void> {
    await this.#wait((wanted) => document.querySelector<ReplTerminal>('repl-terminal')?.phase.kind === wanted, kind);
  }

  /** Types lines into the terminal, once they reach the REPL; a watcher's reach nobody. */
  async type(...lines: readonly string[]): Promise<void> {
    await this.page.focus('repl-terminal .xterm-helper-textarea');
    await this.page.waitForFunction(() => {
      const terminal = document.querySelector<ReplTerminal>('repl-terminal');
      const watches = terminal?.phase.kind === 'live' && terminal.phase.role === 'viewer';
      return watches || (terminal?.ready ?? false);
    });
    for (const line of lines) {
      await this.page.keyboard.type(line);
      await this.page.keyboard.press('Enter');
    }
  }

  /** Types one expression in a terminal at rest and waits for what it prints. */
  async run(line: string, printed: string): Promise<void> {
    await this.type(line);
    await this.until(printed);
  }

  /** Sets the REPL to work that only an interrupt ends; resolves when it is at it. */
  async compute(): Promise<void> {
    await this.run(endless, 'computing');
  }

  /** Pastes a text in place of what the open tab has. */
  async edit(text: string): Promise<void> {
    await this.page.click('#editor .cm-content');
    await this.page.keyboard.press('Control+a');
    await this.page.locator('#editor .cm-content').evaluate((editor, pasted) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', pasted);
      editor.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    }, text);
  }

  async button(action: string): Promise<void> {
    await this.page.click(`repl-terminal [data-action=${action}]`);
  }

  async close(): Promise<void> {
    await this.context.close();
  }

  async #wait(check: (wanted: string) => boolean, wanted: string): Promise<void> {
    try {
      await this.page.waitForFunction(check, wanted, { timeout: patienceMs });
    } catch (error) {
      const shown = JSON.stringify((await this.transcript()).slice(-1500));
      throw new Error(`${wanted} did not come; the terminal shows ${shown}`, { cause: error });
    }
  }
}
