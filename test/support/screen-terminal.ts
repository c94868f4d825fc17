/**
 * A terminal as a person sees it: what came is on a screen, and waits look at that, so that an editor which draws a line
 * again and again is read as people read it. It answers no question of a program's, as no terminal does while nobody is
 * attached: a REPL must not depend on it.
 */
import xterm from '@xterm/headless';
import type { TerminalClient } from './terminal-client.js';
import { eventually } from './eventually.js';

const size = { cols: 100, rows: 30 };

export class ScreenTerminal {
  static readonly size = size;
  readonly #client: TerminalClient;
  readonly #screen = new xterm.Terminal({ ...size, allowProposedApi: true, scrollback: 5000 });
  /** The line where the last typing began. */
  #from = 0;
  /** Whether that line itself is none of the answer. */
  #typedLine = false;

  constructor(client: TerminalClient) {
    this.#client = client;
    client.socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.#screen.write(data);
    });
  }

  /** Everything from the line where the last typing began; after a typed line, what is below it. */
  get shown(): string {
    const { active } = this.#screen.buffer;
    const rows = Array.from({ length: active.length - this.#from }, (_, row) => active.getLine(this.#from + row));
    const text = rows.map((line, row) => (line?.isWrapped === true || row === 0 ? '' : '\n') + textOf(line)).join('');
    const end = this.#typedLine ? text.indexOf('\n') : 0;
    // The cursor stands behind a prompt.
    return `${text.slice(end < 0 ? text.length : end).trimEnd()} `;
  }

  /** A line with Enter after it. */
  type(line: string): void {
    this.#send(`${line}\r`, true);
  }

  /** Keys as a terminal sends them. */
  press(keys: string): void {
    this.#send(keys, false);
  }

  /** Resolves when each text appears after the one before it. */
  async see(wanted: readonly string[]): Promise<void> {
    const missing = (): string | undefined => {
      let at = 0;
      return wanted.find((text) => {
        const found = this.shown.indexOf(text, at);
        at = found + text.length;
        return found < 0;
      });
    };
    await eventually(
      () => `${JSON.stringify(missing())} of ${JSON.stringify(wanted)}; there is: ${this.shown.slice(-2000)}`,
      () => missing() === undefined,
    );
  }

  /** Hangs up at once. */
  close(): void {
    this.#client.socket.terminate();
    this.#screen.dispose();
  }

  #send(keys: string, typedLine: boolean): void {
    const { baseY, cursorY } = this.#screen.buffer.active;
    this.#from = baseY + cursorY;
    this.#typedLine = typedLine;
    this.#client.socket.send(Buffer.from(keys), { binary: true });
  }
}

function textOf(line: xterm.IBufferLine | undefined): string {
  // What an editor has overwritten with spaces is as good as nothing.
  return line?.translateToString(true).trimEnd() ?? '';
}
