import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { caseRunOf } from '../../../../src/execution/evaluate/case-run.js';
import {
  LineReader,
  parseCaseMessage,
  parseReport,
  type CaseReport,
} from '../../../../src/execution/evaluate/harness-report.js';

const report: CaseReport = {
  event: 'case',
  index: 0,
  end: 'answered',
  exit_code: null,
  signal: null,
  wall_ms: 1,
  cpu_ms: 1,
  fork_refused: false,
  resisted: false,
  result: null,
  stdout: '',
  stderr: '',
};

function answering(message: unknown): CaseReport {
  return { ...report, result: Buffer.from(JSON.stringify(message)).toString('base64') };
}

describe('A reader of lines', () => {
  it('gives the lines whole, however they are cut', () => {
    const lines = fc.array(fc.string().map((line) => line.replaceAll('\n', '')));
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 20 }), (sent, size) => {
        const whole = Buffer.from(sent.map((line) => `${line}\n`).join(''));
        const reader = new LineReader();
        const got: string[] = [];
        for (let at = 0; at < whole.length; at += size) got.push(...reader.push(whole.subarray(at, at + size)));
        expect(got).toEqual(sent.map((line) => Buffer.from(line).toString()));
      }),
    );
  });

  it('refuses a line without end', () => {
    const reader = new LineReader();
    const piece = Buffer.alloc(1024 * 1024);
    expect(() => {
      for (let count = 0; count < 9; count += 1) reader.push(piece);
    }).toThrow(RangeError);
  });
});

describe('A report of the harness', () => {
  it.each([
    '',
    '1',
    '{',
    '{"event": "done"}',
    JSON.stringify({ ...report, index: -1 }),
    JSON.stringify({ ...report, end: 'fine' }),
    JSON.stringify({ ...report, stdout: '?' }),
    JSON.stringify({ ...report, wall_ms: 'long' }),
    '{"event": "failed", "failure": {"kind": "ok", "message": "", "traceback": ""}}',
  ])('is refused when it is %j', (line) => {
    expect(() => parseReport(line)).toThrow();
  });

  it.each(['', '[]', '{}', '{"failure": 1}', '{"value": 1}', '{"repr": "x"}', '[[[['])(
    'holds no message in %j',
    (text) => {
      expect(parseCaseMessage(Buffer.from(text).toString('base64'))).toBeNull();
    },
  );
});

describe('The outcome of a case', () => {
  it('is ok with a value, also when that is None', () => {
    expect(caseRunOf(answering({ value: null, repr: 'None' }))).toMatchObject({
      outcome: 'ok',
      answer: { value: null, repr: 'None' },
      message: null,
    });
  });

  it.each([
    ['a value that is no tagged JSON', { value: { $nothing: 1 }, repr: '' }],
    ['a whole number beyond 2^53', { value: 1e20, repr: '' }],
    ['no message at all', 'x'],
  ])('is an error for %s', (_name, message) => {
    expect(caseRunOf(answering(message))).toMatchObject({
      outcome: 'runtime_error',
      message: expect.stringContaining('cannot be read') as unknown,
    });
  });

  it('says of a value that was cut that it cannot be compared', () => {
    const cut = { $opaque: { type: 'list', repr: '[…', cut: true } };
    expect(caseRunOf(answering({ value: cut, repr: '[…' }))).toMatchObject({
      outcome: 'ok',
      message: 'The value is too large to be compared.',
    });
  });

  it('names the process limit only where the kernel refused a fork', () => {
    const failure = { kind: 'runtime_error', message: 'BlockingIOError', traceback: '' };
    expect(caseRunOf(answering({ failure })).outcome).toBe('runtime_error');
    expect(caseRunOf({ ...answering({ failure }), fork_refused: true }).outcome).toBe('process_limit');
  });

  it('says when not everything could be ended', () => {
    const { message } = caseRunOf({ ...answering({ value: 1, repr: '1' }), resisted: true });
    expect(message).toContain('could be ended');
  });
});
