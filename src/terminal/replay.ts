/**
 * What of a kept log may be shown to a terminal that was not there when it was printed. Pure.
 * Queries are taken out, since the terminal would answer them into the program's input; a log whose beginning is lost
 * starts after its first line end, so that no character or escape sequence is cut.
 */

const queries = new RegExp(
  [
    '\\x05', // ENQ
    '\\x1bZ', // DECID
    '\\x1b\\[[>=?]?[0-9;]*c', // device attributes
    '\\x1b\\[\\??[0-9;]*n', // device status, cursor position
    '\\x1b\\[[0-9;]*x', // terminal parameters
    '\\x1b\\[>[0-9;]*q', // version
    '\\x1b\\[\\??[0-9;]*\\$p', // mode
    '\\x1b\\[\\?u', // keyboard protocol
    '\\x1b\\[(?:1[1-9]|2[01])(?:;[0-9]+)*t', // window reports
    '\\x1b\\](?:[0-9]+;)+\\?(?:\\x07|\\x1b\\\\)', // colours, clipboard
    '\\x1bP[+$]q[^\\x1b\\x07]*(?:\\x07|\\x1b\\\\)', // settings and termcap
  ].join('|'),
  'g',
);

/** Terminal output without the sequences that ask the terminal for an answer. */
export function withoutQueries(output: Buffer): Buffer {
  return Buffer.from(output.toString('latin1').replace(queries, ''), 'latin1');
}

/** How many bytes to leave out at the front of a log whose beginning is lost. */
export function cutBytes(output: Buffer): number {
  const lineEnd = output.subarray(0, 8 * 1024).indexOf(0x0a);
  return lineEnd + 1;
}
