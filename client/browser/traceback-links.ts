/** Makes the places that tracebacks name clickable. What a click means is the host's business. */
import type { ILink, ILinkProvider, Terminal } from '@xterm/xterm';
import { logicalLineAt, type LogicalLine } from './logical-line.js';
import { tracebackLocations, type TracebackLocation } from './traceback-location.js';

export class TracebackLinks implements ILinkProvider {
  readonly #terminal: Terminal;
  readonly #onLocation: (location: TracebackLocation) => void;

  constructor(terminal: Terminal, onLocation: (location: TracebackLocation) => void) {
    this.#terminal = terminal;
    this.#onLocation = onLocation;
  }

  /** @param bufferLine from 1, as xterm.js counts */
  provideLinks(bufferLine: number, callback: (links: ILink[] | undefined) => void): void {
    const line = logicalLineAt(this.#terminal.buffer.active, bufferLine - 1, this.#terminal.cols);
    const links = tracebackLocations(line.text).map((location) => this.#linkOf(line, location));
    callback(links.length === 0 ? undefined : links);
  }

  #linkOf(line: LogicalLine, location: TracebackLocation): ILink {
    return {
      text: line.text.slice(location.start, location.end),
      range: { start: this.#place(line, location.start), end: this.#place(line, location.end - 1) },
      activate: () => {
        this.#onLocation(location);
      },
    };
  }

  #place({ row, cells }: LogicalLine, index: number): { x: number; y: number } {
    const cell = cells[index] ?? 0;
    const { cols } = this.#terminal;
    return { x: (cell % cols) + 1, y: row + Math.floor(cell / cols) + 1 };
  }
}
