/** This runner on Docker as one terminal server among others. */
import { runnerSettings } from '../driver.js';
import type { BenchTty } from '../bench-tty.js';
import { RunnerProcess } from '../runner-process.js';
import { WebsocketTty } from '../websocket-tty.js';
import type { TerminalServer } from './terminal-server.js';

const warm = 2;

class OwnTty extends WebsocketTty {
  readonly #runner: RunnerProcess;
  readonly #path: string;

  constructor(runner: RunnerProcess, path: string) {
    super(runner.attach(path, 'repl.v1'));
    this.#runner = runner;
    this.#path = path;
  }

  /** Resolves when the pool is full again, which would disturb whoever is measured next. */
  override async close(): Promise<void> {
    await super.close();
    await this.#runner.call('DELETE', this.#path);
    await this.#runner.untilWarm(warm);
  }
}

export class OwnTerminals implements TerminalServer {
  readonly name = 'this runner';

  private constructor(readonly runner: RunnerProcess) {}

  static async start(tag: string): Promise<OwnTerminals> {
    const settings = { ...runnerSettings('docker', tag), REPL_RUNNER_POOL: `python=${warm}:${warm}` };
    const runner = await RunnerProcess.start(settings);
    await runner.untilWarm(warm);
    return new OwnTerminals(runner);
  }

  async open(): Promise<BenchTty> {
    const { id } = (await this.runner.call('POST', '/repl', Buffer.from('{"language":"python"}'))) as { id: string };
    return new OwnTty(this.runner, `/repl/${id}`);
  }

  /** A fresh session, the value of an expression in it, and its end; answers the ms until the value was there. */
  async valueOf(code: string, value: string): Promise<number> {
    const since = performance.now();
    const tty = await this.open();
    await tty.until('>>> ');
    tty.type(`${code}\r`);
    await tty.until(value);
    const took = performance.now() - since;
    await tty.close();
    return took;
  }

  async stop(): Promise<void> {
    await this.runner.stop();
  }
}
