/** What a terminal shows after some output: @xterm/headless, fed and resized at given places, as comparable lines. */
import xterm from '@xterm/headless';

export interface Resize {
  readonly cols: number;
  readonly rows: number;
}

/** Each part of the output with the size that the terminal gets after it. */
export type ScreenPart = readonly [output: string, then: Resize | null];

/** Colours and styles of a cell, as numbers. */
function style(cell: xterm.IBufferCell): string {
  const flags = [cell.isBold(), cell.isItalic(), cell.isUnderline(), cell.isInverse(), cell.isDim()];
  return [cell.getFgColorMode(), cell.getFgColor(), cell.getBgColorMode(), cell.getBgColor(), ...flags].join(',');
}

function lineOf(line: xterm.IBufferLine): string {
  let text = '';
  let last = '';
  for (let column = 0; column < line.length; column += 1) {
    const cell = line.getCell(column);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const now = style(cell);
    text += now === last ? '' : `{${now}}`;
    text += cell.getChars() || ' ';
    last = now;
  }
  return text.trimEnd();
}

export async function screenAfter(parts: readonly ScreenPart[], size: Resize): Promise<string[]> {
  const terminal = new xterm.Terminal({ ...size, allowProposedApi: true, scrollback: 1000 });
  for (const [output, then] of parts) {
    await new Promise<void>((resolve) => {
      terminal.write(output, resolve);
    });
    if (then !== null) terminal.resize(then.cols, then.rows);
  }
  const { active } = terminal.buffer;
  const lines = Array.from({ length: active.length }, (_, row) => {
    const line = active.getLine(row);
    return line === undefined ? '' : lineOf(line);
  });
  const shown = [...lines, `${active.type} cursor ${active.cursorX},${active.cursorY} of ${active.length}`];
  terminal.dispose();
  return shown;
}
