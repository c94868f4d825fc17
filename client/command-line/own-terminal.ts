/**
 * The person's own terminal: its size, its raw mode, and the promise that it is put back however the command ends. It
 * knows nothing of sessions.
 */
import { spawnSync } from 'node:child_process';
import type { ReadStream } from 'node:tty';
import type { TerminalSize } from '../protocol.js';

/** What a program that was cut off may have left on: keypad and cursor modes, mouse, pastes in brackets, colours. */
const calm = '\x1b[?1l\x1b>\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1047l\x1b[?25h\x1b[0m';
const maxDimension = 1000;

/** The size of the terminal at this stream, within what a runner takes; 80 by 24 where there is none. */
export function sizeOf(stream: { readonly columns?: number; readonly rows?: number }): TerminalSize {
  const bounded = (value: number | undefined, fallback: number): number =>
    value === undefined || value < 1 ? fallback : Math.min(value, maxDimension);
  return { cols: bounded(stream.columns, 80), rows: bounded(stream.rows, 24) };
}

export class OwnTerminal {
  readonly #stdin: ReadStream;
  readonly #stdout: NodeJS.WriteStream;
  readonly #restore = (): void => {
    this.restore();
  };
  readonly #continue = (): void => {
    this.#stdin.setRawMode(false);
    this.#makeRaw();
  };
  #raw = false;

  constructor(stdin: ReadStream, stdout: NodeJS.WriteStream) {
    this.#stdin = stdin;
    this.#stdout = stdout;
  }

  /** Every key goes to `onInput` from now on. `onEnd` is told when the terminal is gone. */
  enterRaw(onInput: (data: Buffer) => void, onEnd: () => void): void {
    // 'exit' is emitted for process.exit and for uncaught errors as well.
    process.on('exit', this.#restore);
    process.on('SIGCONT', this.#continue);
    this.#makeRaw();
    this.#raw = true;
    this.#stdin.on('data', onInput);
    this.#stdin.once('end', onEnd);
    this.#stdin.once('error', onEnd);
    this.#stdin.resume();
  }

  /**
   * Node's raw mode still turns every line feed of the output into CR LF, which the session's own PTY has done where it
   * should be done; setRawMode(false) puts this back as well. Where there is no stty, only full-screen programs suffer.
   */
  #makeRaw(): void {
    this.#stdin.setRawMode(true);
    spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
  }

  onResize(listener: (size: TerminalSize) => void): void {
    this.#stdout.on('resize', () => {
      listener(sizeOf(this.#stdout));
    });
  }

  /** Idempotent, and synchronous, so that it also holds while the process dies. */
  restore(): void {
    if (!this.#raw) return;
    this.#raw = false;
    process.off('exit', this.#restore);
    process.off('SIGCONT', this.#continue);
    if (this.#stdout.isTTY) this.#stdout.write(calm);
    try {
      this.#stdin.setRawMode(false);
    } catch {
      // The terminal itself is gone.
    }
    this.#stdin.pause();
  }
}
