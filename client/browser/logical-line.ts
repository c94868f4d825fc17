/** Lines as they were printed, out of the rows of a terminal into which they were wrapped. It draws nothing. */
import type { IBuffer } from '@xterm/xterm';

export interface LogicalLine {
  readonly text: string;
  /** Index of its first row, from 0. */
  readonly row: number;
  readonly rows: number;
  /** The cell of each UTF-16 unit of the text, counted through all its rows. */
  readonly cells: readonly number[];
}

/** The line that this row, from 0, is part of. */
export function logicalLineAt(buffer: IBuffer, row: number, cols: number): LogicalLine {
  let first = row;
  while (first > 0 && buffer.getLine(first)?.isWrapped === true) first -= 1;
  let text = '';
  const cells: number[] = [];
  let rows = 0;
  do {
    const line = buffer.getLine(first + rows);
    for (let column = 0; column < cols; column += 1) {
      const cell = line?.getCell(column);
      if (cell === undefined || cell.getWidth() === 0) continue;
      const characters = cell.getChars() === '' ? ' ' : cell.getChars();
      text += characters;
      for (const _unit of characters.split('')) cells.push(rows * cols + column);
    }
    rows += 1;
  } while (buffer.getLine(first + rows)?.isWrapped === true);
  return { text: text.trimEnd(), row: first, rows, cells };
}

/** All that the terminal still holds, as plain text. */
export function transcriptOf(buffer: IBuffer, cols: number): string {
  const lines: string[] = [];
  for (let row = 0; row < buffer.length;) {
    const line = logicalLineAt(buffer, row, cols);
    lines.push(line.text);
    row += line.rows;
  }
  return lines.join('\n').trimEnd();
}
