/**
 * Somebody who watches a REPL count lines, with the project's own client: it reconnects by itself, and this notes whatever a
 * person would: a line that is missing, repeated or torn, a screen that is cleared, a terminal that is over.
 */
import { WebSocket } from 'ws';
import type { TerminalExit } from '../../client/protocol.js';
import type { ReplError } from '../../client/repl-error.js';
import { TerminalConnection } from '../../client/terminal-connection.js';
import { eventually } from './eventually.js';

/** Code to start a session with: `count(seconds)` prints numbered lines until Enter is typed, then how many there were. */
export const countingStartup = `
import select, sys
def count(pause):
    number = 0
    while not select.select([sys.stdin], [], [], pause)[0]:
        print('line', number)
        number += 1
    print('total', number)
`;

export class CountingTerminal {
  /** How many lines have come, each in its turn. */
  lines = 0;
  /** What the program says that it has printed, once it was told to stop. */
  total: number | null = null;
  /** The first thing that should not have been. */
  fault: string | null = null;
  /** Why the terminal is over, where the runner has said so. */
  ending: ReplError | null = null;
  exit: TerminalExit | null = null;
  connects = 0;
  #open = false;
  #partial = '';
  #counting = false;
  #stopping = false;
  readonly #connection: TerminalConnection;

  constructor(
    readonly id: string,
    url: string,
  ) {
    const makeSocket = (place: string, subprotocol: string | string[]): WebSocket =>
      new WebSocket(place, subprotocol, { perMessageDeflate: false });
    this.#connection = new TerminalConnection(
      { url, makeSocket, attachToken: null },
      {
        onOutput: (data, taken) => {
          this.#take(Buffer.from(data).toString('latin1'));
          taken();
        },
        onState: (state) => {
          this.#open = state.kind === 'open';
          if (this.#open) this.connects += 1;
          if (state.kind === 'lost') this.fault ??= `given up: ${state.error.message}`;
          if (state.kind === 'closed') this.ending = state.error;
        },
        onReset: () => {
          this.fault ??= `a reset after ${this.lines} lines`;
        },
        onExit: (exit) => {
          this.exit = exit;
        },
      },
    );
  }

  get isOpen(): boolean {
    return this.#open;
  }

  async count(pauseSeconds: number): Promise<void> {
    await this.#type(`count(${pauseSeconds})\r`);
    await eventually('a first line', () => this.lines > 0);
  }

  /** Resolves when the program has told how many lines it printed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#type('\r');
    await eventually(
      () => `a total of ${this.id} after ${this.lines} lines`,
      () => this.total !== null,
    );
  }

  async leave(): Promise<void> {
    await this.#type('exit()\r');
    await eventually('an exit', () => this.exit !== null);
  }

  close(): void {
    this.#connection.close();
  }

  async #type(text: string): Promise<void> {
    await eventually('a terminal that takes input', () => this.#connection.mayType);
    this.#connection.input(Buffer.from(text));
  }

  #take(text: string): void {
    const whole = (this.#partial + text).split('\r\n');
    this.#partial = whole.pop() ?? '';
    for (const line of whole) this.#check(line);
  }

  #check(line: string): void {
    if (this.total !== null) return;
    if (line.endsWith('line 0') && this.lines === 0) this.#counting = true;
    if (!this.#counting) return;
    const total = /^total (\d+)$/.exec(line)?.[1];
    if (total !== undefined) this.total = Number(total);
    else if (line.endsWith(`line ${this.lines}`) && (this.lines === 0 || line.startsWith('line'))) this.lines += 1;
    else if (line !== '' || !this.#stopping) this.fault ??= `${JSON.stringify(line)} in place of line ${this.lines}`;
  }
}
