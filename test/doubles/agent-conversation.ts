/** A connection to a real agent that reads all output at once and can wait for words in it. */
import { AgentConnection, unlimited, type StartParameters } from '../../src/agent/agent-connection.js';
import type { AgentState } from '../../src/agent/message.js';
import { patienceMs } from '../support/patience.js';
import { AgentProcess, type AgentProcessOptions } from './agent-process.js';
import { RecordingListener } from './recording-listener.js';
import { within } from './within.js';

export const plainStart: StartParameters = { cols: 80, rows: 24, env: {}, startup: null, files: null };
export const prompt = '>>> ';

export class AgentConversation extends RecordingListener {
  readonly agent: AgentProcess;
  readonly connection: AgentConnection;
  #waiting: (() => void)[] = [];
  /** Output before this index of `text` has been waited for already. */
  #seen = 0;
  #typed = 0;

  constructor(options: AgentProcessOptions = {}) {
    super();
    this.agent = new AgentProcess(options);
    this.connection = new AgentConnection(this.agent.stream, this);
  }

  async sync(replica = 'a', fresh = true): Promise<AgentState> {
    return await this.connection.sync({ replica, resumeGraceSeconds: 60, fresh, timeoutMs: patienceMs });
  }

  /** Takes the lease and waits until the REPL waits. */
  async greet(): Promise<AgentState> {
    const state = await this.sync();
    if (!state.ready) await this.until(() => this.ready > 0, 'ready REPL');
    return state;
  }

  /** Greets, lets all output flow, starts and waits for the prompt. */
  async begin(parameters: Partial<StartParameters> = {}): Promise<void> {
    await this.greet();
    const started = this.connection.start({ ...plainStart, ...parameters });
    this.flow();
    await started;
    await this.says(prompt);
  }

  flow(): void {
    this.connection.setFlow(unlimited, 2 ** 50);
  }

  /** Resolves with the output since the last wait, up to and with these words. */
  async says(words: string): Promise<string> {
    await this.until(() => this.text.includes(words, this.#seen), JSON.stringify(words));
    const end = this.text.indexOf(words, this.#seen) + words.length;
    const said = this.text.slice(this.#seen, end);
    this.#seen = end;
    return said;
  }

  /** Bytes that were typed and for which no credit has come back yet. */
  get owedCredit(): number {
    return this.#typed - this.inputCredit;
  }

  input(data: Buffer): void {
    this.#typed += data.length;
    this.connection.writeInput(data);
  }

  type(line: string): void {
    this.input(Buffer.from(`${line}\r`));
  }

  /** Types a line, and resolves with what is printed between it and the next prompt. */
  async answer(line: string): Promise<string> {
    this.type(line);
    const said = await this.says(`\n${prompt}`);
    return said.slice(said.indexOf('\n') + 1, -prompt.length).trim();
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    const met = async (): Promise<void> => {
      while (!condition()) {
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
        });
      }
    };
    try {
      await within(what, met());
    } catch (error) {
      throw new Error(`${String(error)}; said ${JSON.stringify(this.text.slice(-1000))}; ${this.agent.stderr}`, {
        cause: error,
      });
    }
  }

  async end(): Promise<void> {
    this.connection.close('done');
    await this.agent.destroy();
  }

  override onOutput(offset: number, data: Buffer): void {
    super.onOutput(offset, data);
    this.#wake();
  }

  override onInputCredit(bytes: number): void {
    super.onInputCredit(bytes);
    this.#wake();
  }

  override onExit(...event: Parameters<RecordingListener['onExit']>): void {
    super.onExit(...event);
    this.#wake();
  }

  override onReady(): void {
    super.onReady();
    this.#wake();
  }

  override onClosed(reason: string): void {
    super.onClosed(reason);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
