import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { CaseResult } from '../../../src/execution/evaluate/evaluation.js';
import { evaluationSchema, maxCases } from '../../../src/http/evaluate-schemas.js';
import { answered, testApp } from '../../support/test-app.js';

const io_cases = [{ input: 'a=1', output: 2 }];
const whole = { language: 'python', code: 'f = abs', entry_point: 'f', io_cases };

const result: CaseResult = {
  name: null,
  passed: true,
  outcome: 'ok',
  answer: { value: { $tuple: [1] }, repr: '(1,)' },
  output: 'out',
  stderr: 'err',
  traceback: null,
  exitCode: null,
  signal: null,
  wallMs: 1.5,
  cpuMs: 1,
  message: null,
};

describe('POST /evaluate', () => {
  it('hands on what is to be evaluated, with the defaults of what was not said', async () => {
    const { app, evaluator } = testApp();
    await request(app)
      .post('/evaluate')
      .send({ ...whole, files: { 'a.txt': 'x' }, sandbox_limits: { memory_mib: 64 }, env: { A: 'b' } })
      .expect(200);
    const limits = { wallMs: 5000, cpuMs: 5000, memoryBytes: null, outputBytes: 65_536 };
    expect(evaluator.onceAsked).toMatchObject([
      {
        key: 'anonymous',
        language: 'python',
        entries: [{ type: 'file', path: 'a.txt' }],
        limits: { memoryBytes: 64 * 1024 * 1024 },
        evaluation: {
          subject: {
            kind: 'function',
            source: { code: 'f = abs' },
            entryPoint: 'f',
            cases: [{ name: null, input: 'a=1', expected: 2, limits }],
          },
          judge: { kind: 'comparison', comparison: { mode: 'exact' } },
          env: { A: 'b' },
          totalMs: 120_000,
        },
      },
    ]);
  });

  it("puts a case's own limits before those of all", async () => {
    const { app, evaluator } = testApp();
    const cases = [{ input: 'a=1', output: 2, limits: { wall_seconds: 1 } }, ...io_cases];
    const limits = { wall_seconds: 2, cpu_seconds: 0.5, memory_mib: 10, output_bytes: 100 };
    await request(app).post('/evaluate').send({ ...whole, io_cases: cases, limits }).expect(200); // prettier-ignore
    const common = { cpuMs: 500, memoryBytes: 10 * 1024 * 1024, outputBytes: 100 };
    expect(evaluator.onceAsked[0]?.evaluation.subject.cases.map(({ limits: own }) => own)).toEqual([
      { wallMs: 1000, ...common },
      { wallMs: 2000, ...common },
    ]);
  });

  it('takes what has no entry point for a program, whose output is compared without its last blanks', async () => {
    const { app, evaluator } = testApp();
    const body = { language: 'python', code: 'print(1)', io_cases: [{ input: '', output: '1' }] };
    await request(app).post('/evaluate').send(body).expect(200);
    expect(evaluator.onceAsked[0]?.evaluation).toMatchObject({
      subject: { kind: 'program', code: 'print(1)', file: null, cases: [{ input: '', expected: '1' }] },
      judge: { kind: 'comparison', comparison: { mode: 'trimmed' } },
    });
  });

  it('answers with what the evaluator found, by its own schema', async () => {
    const { app, evaluator } = testApp();
    evaluator.result = { passed: true, results: [result], error: null };
    const { body } = await answered(request(app).post('/evaluate').send(whole).expect(200));
    expect(evaluationSchema.strict().parse(body)).toMatchObject({
      passed: true,
      case_results: [{ value: { $tuple: [1] }, repr: '(1,)', output: 'out', stderr: 'err', wall_ms: 1.5 }],
      error: null,
    });
    const error = { outcome: 'runtime_error', message: 'SyntaxError', traceback: 'Traceback', output: '' } as const;
    evaluator.result = { passed: false, results: [], error };
    expect((await request(app).post('/evaluate').send(whole).expect(200)).body).toEqual({
      passed: false,
      case_results: [],
      error,
    });
  });

  it('tells it case by case where the client asks for events', async () => {
    const { app, evaluator } = testApp();
    evaluator.result = { passed: false, results: [result, { ...result, passed: false }], error: null };
    const sent = request(app).post('/evaluate').set('Accept', 'text/event-stream').send(whole);
    const { text, headers } = await answered(sent);
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(text.split('\n\n').map((block) => block.split('\n'))).toEqual([
      ['event: start', 'data: {}'],
      ['event: case', expect.stringMatching(/^data: \{"index":0,"name":null,"passed":true/)],
      ['event: case', expect.stringMatching(/^data: \{"index":1,"name":null,"passed":false/)],
      ['event: result', 'data: {"passed":false,"error":null}'],
      [''],
    ]);
  });

  it.each([
    ['no cases', { ...whole, io_cases: [] }],
    ['too many cases', { ...whole, io_cases: Array.from({ length: maxCases + 1 }, () => io_cases[0]) }],
    ['a case that expects nothing', { ...whole, io_cases: [{ input: 'a=1' }] }],
    ['an expected value that is no tagged JSON', { ...whole, io_cases: [{ input: '', output: { $nothing: 1 } }] }],
    ['a whole number that lost digits', { ...whole, io_cases: [{ input: '', output: 2 ** 60 }] }],
    ['an argument that has no name', { ...whole, io_cases: [{ input: { kwargs: { 'a b': 1 } }, output: 1 }] }],
    ['an entry point that is an expression', { ...whole, entry_point: 'f()' }],
    ['neither code nor a file', { language: 'python', entry_point: 'f', io_cases }],
    ['code and a file', { ...whole, file: 'a.py' }],
    ['a function without a name', { ...whole, entry_point: undefined, kind: 'function' }],
    ['a program with a function', { ...whole, kind: 'stdio' }],
    ['a program whose input is no text', { language: 'python', code: '', io_cases: [{ input: {}, output: '' }] }],
    ['a program whose output is no text', { language: 'python', code: '', io_cases: [{ input: '', output: 1 }] }],
    [
      'a checker beside a comparison',
      { ...whole, compare: { mode: 'exact' }, checker: { code: '', entry_point: 'c' } },
    ],
    ['a comparison of no known kind', { ...whole, compare: { mode: 'fuzzy' } }],
    ['a tolerance that is negative', { ...whole, compare: { mode: 'numeric', absolute_tolerance: -1 } }],
    ['time without end', { ...whole, limits: { wall_seconds: 1e6 } }],
    ['a field that is not known', { ...whole, expected: 1 }],
  ])('refuses %s', async (_name, body) => {
    const { app, evaluator } = testApp();
    const { body: answer } = await answered(request(app).post('/evaluate').send(body).expect(422));
    expect(answer).toMatchObject({ error: { code: 'request_invalid' } });
    expect(evaluator.onceAsked).toEqual([]);
  });

  it.each(['files', 'env'])('refuses the name __proto__ in %s instead of losing it', async (field) => {
    const { app, evaluator } = testApp();
    const text = `${JSON.stringify(whole).slice(0, -1)}, "${field}": {"__proto__": "x"}}`;
    await request(app).post('/evaluate').set('Content-Type', 'application/json').send(text).expect(422);
    expect(evaluator.onceAsked).toEqual([]);
  });

  it('refuses a file that leaves the workspace', async () => {
    const { app } = testApp();
    const body = { language: 'python', file: '../x.py', entry_point: 'f', io_cases };
    await request(app).post('/evaluate').send(body).expect(422);
  });
});

describe('POST /repl/:id/evaluate', () => {
  it('is for the owner alone', async () => {
    const { app, sessions, evaluator } = testApp();
    await request(app).post('/repl').send({ language: 'python' }).expect(201);
    const [session] = sessions.all;
    const body = { code: 'f = abs', entry_point: 'f', io_cases };
    await request(app)
      .post(`/repl/${session?.viewId ?? ''}/evaluate`)
      .send(body)
      .expect(404);
    expect(evaluator.withinAsked).toEqual([]);
    await request(app)
      .post(`/repl/${session?.id ?? ''}/evaluate`)
      .send(body)
      .expect(200);
    expect(evaluator.withinAsked).toHaveLength(1);
  });
});
