/** The verdicts of an evaluation as a table for people. Pure. */
import type { CaseResult, EvaluationResult } from '../evaluation.js';

const maxNameWidth = 40;
const maxDetailWidth = 100;

/** Lines with a break at the end; control characters of users' code are made visible. */
export function evaluationTable({ case_results: results, error }: EvaluationResult): string {
  if (error !== null) {
    const parts = [error.output.trimEnd(), (error.traceback ?? '').trimEnd(), `${error.outcome}: ${error.message}`];
    return `${parts
      .filter((part) => part !== '')
      .map(printable)
      .join('\n')}\n`;
  }
  const rows = results.map((result, index) => [
    result.passed ? 'pass' : 'FAIL',
    cut(oneLine(result.name ?? `case ${index + 1}`), maxNameWidth),
    result.outcome,
    `${result.wall_ms.toFixed(0)} ms`,
    cut(oneLine(detailOf(result)), maxDetailWidth),
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => padded(cell, column, widths))
      .join('  ')
      .trimEnd(),
  );
  const count = results.filter((result) => result.passed).length;
  return `${lines.join('\n')}\n${count} of ${results.length} passed\n`;
}

function padded(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0;
  return column === 3 ? cell.padStart(width) : cell.padEnd(width);
}

function detailOf({ passed, message, repr, output }: CaseResult): string {
  if (passed) return '';
  const got = repr ?? output;
  return message === null ? got : got === '' ? message : `${message} Got: ${got}`;
}

function oneLine(text: string): string {
  return printable(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ⏎ ');
}

/** Terminal sequences of users' code must not reach the person's terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, '·');
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}
