import { describe, expect, it } from '@jest/globals';
import { evaluationTable } from '../../../../client/command-line/evaluation-table.js';
import { parseEvaluation } from '../../../../client/evaluation.js';
import { ReplError } from '../../../../client/repl-error.js';

const passed = { passed: true, outcome: 'ok', wall_ms: 3.4, repr: '3' };
const failed = { name: 'two', passed: false, outcome: 'ok', wall_ms: 12.6, repr: "'a\\nb'", message: 'Not that.' };

describe('The table of an evaluation', () => {
  it('has a line for each case and the count', () => {
    const result = parseEvaluation({ passed: false, case_results: [passed, failed], error: null });
    expect(evaluationTable(result)).toBe(
      "pass  case 1  ok   3 ms\nFAIL  two     ok  13 ms  Not that. Got: 'a\\nb'\n1 of 2 passed\n",
    );
  });

  it('shows why no case could be run', () => {
    const error = { outcome: 'runtime_error', message: 'SyntaxError', traceback: 'Traceback\n', output: 'hello\n' };
    const result = parseEvaluation({ passed: false, case_results: [], error });
    expect(evaluationTable(result)).toBe('hello\nTraceback\nruntime_error: SyntaxError\n');
  });

  it("lets no terminal sequence of users' code through", () => {
    const evil = { ...failed, name: 'a\x1b[2Jb', repr: null, output: 'x\x07\x1b]0;t\x07\r\ny' };
    const text = evaluationTable(parseEvaluation({ passed: false, case_results: [evil], error: null }));
    expect(text).not.toMatch(/[^\P{C}\n]/u);
    expect(text).toContain('x··]0;t·· ⏎ y');
  });

  it('takes no time over a solution that prints blanks', () => {
    const blank = { ...failed, repr: null, output: `${' '.repeat(60_000)}x` };
    const began = process.cpuUsage();
    expect(evaluationTable(parseEvaluation({ passed: false, case_results: [blank], error: null }))).toContain(
      'Not that.',
    );
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(1_000);
  });

  it('refuses what is no evaluation', () => {
    for (const value of [null, {}, { passed: true }, { passed: 1, case_results: [] }]) {
      expect(() => parseEvaluation(value)).toThrow(ReplError);
    }
  });
});
