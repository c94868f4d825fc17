/** Evaluations, the same on every driver and every Python. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { z } from 'zod';
import type { evaluationSchema } from '../../src/http/evaluate-schemas.js';
import { describeOnEach } from '../support/describe-where.js';
import { groundPerDriver, grounds, type Ground } from '../support/grounds.js';
import { RunningService } from '../support/running-service.js';

type Result = z.infer<typeof evaluationSchema>;
type Case = Result['case_results'][number];

const badCases = readFileSync(new URL('../support/programs/bad_cases.py', import.meta.url), 'utf8');

function contract(ground: Ground): void {
  let runner: RunningService;
  beforeAll(async () => {
    runner = await RunningService.start(ground.env);
  });
  afterAll(async () => {
    await runner.stop();
  });

  async function evaluate(body: object, path = '/evaluate'): Promise<Result> {
    const whole = path === '/evaluate' ? { language: 'python', ...body } : body;
    const answer = await runner.call('POST', path, whole);
    if (answer.status !== 200) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as Result;
  }

  /** The cases of bad_cases.py by name, in one evaluation. */
  async function evaluateBad(names: readonly string[], limits = {}): Promise<Case[]> {
    const { error, case_results: results } = await evaluate({
      code: badCases,
      entry_point: 'answer',
      io_cases: names.map((name) => ({ name, input: `"${name}"`, output: 'fine' })),
      limits: { wall_seconds: 1.5, ...limits },
    });
    expect(error).toBeNull();
    expect(results.map(({ name }) => name)).toEqual(names);
    return results;
  }

  const code = 'import math\n\ndef area(r, unit="m"):\n    print("area of", r)\n    return (math.pi * r * r, unit)\n';

  it('calls a function for each case and compares what it returns', async () => {
    const result = await evaluate({
      code,
      entry_point: 'area',
      io_cases: [
        { name: 'a unit circle', input: 'r=1', output: { $tuple: [3.14159, 'm'] } },
        { input: { args: [2], kwargs: { unit: 'cm' } }, output: { $tuple: [12.56637, 'cm'] } },
        { input: 'r=0', output: { $tuple: [1, 'm'] } },
      ],
      compare: { mode: 'numeric', relative_tolerance: 1e-5 },
    });
    expect(result).toMatchObject({ passed: false, error: null });
    expect(result.case_results.map(({ passed }) => passed)).toEqual([true, true, false]);
    const [first] = result.case_results;
    expect(first).toMatchObject({ name: 'a unit circle', outcome: 'ok', output: 'area of 1\n', message: null });
    expect(first?.value).toEqual({ $tuple: [Math.PI, 'm'] });
    expect(first?.repr).toBe("(3.141592653589793, 'm')");
    expect(first?.wall_ms).toBeGreaterThan(0);
    expect(first?.cpu_ms).toBeGreaterThan(0);
  });

  it('lets no bad case spoil the next one', async () => {
    const bad = [
      'modify_a_global',
      'patch_json_and_builtins',
      'exit_at_once',
      'raise_system_exit',
      'raise_error',
      'kill_itself',
      'abort',
      'recurse',
      'close_descriptors',
      'write_junk',
      'flood',
      'flood_stderr',
      'leave_a_daemon',
      'ask_for_input',
      'large_value',
      'kill_the_parent',
    ];
    const results = await evaluateBad(bad.flatMap((name) => [name, 'fine']));
    const fine = results.filter(({ name }) => name === 'fine');
    expect(fine.every(({ passed }) => passed)).toBe(true);
    const outcomes: unknown = Object.fromEntries(results.map(({ name, outcome }) => [name, outcome]));
    expect(outcomes).toMatchObject({
      modify_a_global: 'ok',
      exit_at_once: 'runtime_error',
      raise_system_exit: 'runtime_error',
      raise_error: 'runtime_error',
      kill_itself: 'signal',
      abort: 'signal',
      recurse: 'runtime_error',
      close_descriptors: 'runtime_error',
      flood: 'output_limit',
      flood_stderr: 'output_limit',
      ask_for_input: 'runtime_error',
      large_value: 'ok',
      kill_the_parent: 'ended',
    });
    expect(results.filter(({ name, passed }) => name !== 'fine' && passed)).toEqual([]);
  });

  it('begins every case with the state in which the code was loaded', async () => {
    const results = await evaluateBad(['modify_a_global', 'modify_a_global']);
    expect(results.map(({ value }) => value)).toEqual([1, 1]);
  });

  it('ends what a case has left running before the next one', async () => {
    const results = await evaluateBad(['leave_a_daemon', 'look_for_daemons', 'fork_bomb', 'look_for_daemons']);
    expect(results.map(({ value }) => value)).toEqual(['left', 0, null, 0]);
    expect(results[2]?.outcome).toBe('wall_timeout');
  });

  it('holds each case to its own time, and says which time it was', async () => {
    const { case_results: results } = await evaluate({
      code: badCases,
      entry_point: 'answer',
      limits: { wall_seconds: 0.3 },
      io_cases: [
        { input: '"sleep"', output: 1 },
        { input: '"loop"', output: 1, limits: { wall_seconds: 30, cpu_seconds: 0.4 } },
        { input: '"fine"', output: 'fine', limits: { wall_seconds: 30 } },
      ],
    });
    expect(results.map(({ outcome }) => outcome)).toEqual(['wall_timeout', 'cpu_timeout', 'ok']);
    expect(results[0]?.wall_ms).toBeGreaterThanOrEqual(300);
    expect(results[1]?.cpu_ms).toBeGreaterThanOrEqual(400);
  });

  it('tells memory that ran out as such, with a limit of the case and with that of the sandbox', async () => {
    const [limited, fine] = await evaluateBad(['eat_memory', 'fine'], { memory_mib: 64, wall_seconds: 20 });
    expect(limited).toMatchObject({ outcome: 'out_of_memory' });
    expect(limited?.traceback).toContain('in eat_memory');
    expect(fine).toMatchObject({ passed: true });
    const [unlimited, also] = await evaluateBad(['eat_memory', 'fine'], { wall_seconds: 20 });
    expect(unlimited).toMatchObject({ outcome: 'out_of_memory' });
    expect(also).toMatchObject({ passed: true });
  });

  it('tells a full disk as such', async () => {
    const [full, fine] = await evaluateBad(['fill_the_disk', 'fine'], { wall_seconds: 20 });
    expect([full?.outcome, fine?.passed]).toEqual(['disk_full', true]);
  });

  it('keeps the process that evaluates out of the reach of a case', async () => {
    const results = await evaluateBad(['read_the_parents_descriptors', 'read_the_parents_memory', 'fine']);
    expect(results.map(({ message }) => message?.split(':')[0])).toEqual([
      'PermissionError',
      'PermissionError',
      undefined,
    ]);
  });

  it('lets a forged answer count for nothing but its own case', async () => {
    const [forged, fine] = await evaluateBad(['forge_an_answer', 'fine']);
    expect(forged).toMatchObject({ passed: false, value: 'forged' });
    expect(fine).toMatchObject({ passed: true });
  });

  it('goes on after a case that stopped the process that evaluates', async () => {
    const results = await evaluateBad(['stop_the_parent', 'fine'], { wall_seconds: 3 });
    expect(results.map(({ outcome }) => outcome)).toEqual(['wall_timeout', 'ok']);
  });

  it('gives up on code whose every case ends the process that evaluates', async () => {
    const results = await evaluateBad(Array.from({ length: 12 }, () => 'kill_the_parent'));
    expect(results.map(({ outcome }) => outcome)).toEqual([
      ...Array.from({ length: 9 }, () => 'ended'),
      ...Array.from({ length: 3 }, () => 'infrastructure'),
    ]);
  });

  it('shows tracebacks of the code alone, and what was printed on either stream', async () => {
    const [error, words] = await evaluateBad(['raise_error', 'print_words']);
    expect(error?.message).toBe('ZeroDivisionError: division by zero');
    expect(error?.traceback).toMatch(/^Traceback .*\n {2}File "solution.py", line \d+, in answer\n/);
    expect(error?.traceback).toContain('return 1 / 0');
    expect(error?.traceback).not.toContain('repl_evaluate');
    expect(words).toMatchObject({ value: null, repr: 'None', output: 'to stdout\n', stderr: 'to stderr\n' });
  });

  it('says truthfully why code was not loaded, with its traceback', async () => {
    const io_cases = [{ input: '', output: 1 }];
    const load = async (text: string, entry_point = 'f') => {
      const result = await evaluate({ code: text, entry_point, io_cases });
      expect(result).toMatchObject({ passed: false, case_results: [] });
      return result.error;
    };
    const syntax = await load('print("so far")\ndef f(:\n');
    expect(syntax).toMatchObject({ outcome: 'runtime_error', message: expect.stringMatching(/^SyntaxError: /) });
    expect(syntax?.traceback).toContain('File "solution.py", line 2');
    const raised = await load('print("so far")\n1 / 0\n');
    expect(raised).toMatchObject({ message: 'ZeroDivisionError: division by zero', output: 'so far\n' });
    expect(raised?.traceback).toContain('File "solution.py", line 2, in <module>');
    expect(await load('x = 1')).toMatchObject({ message: expect.stringContaining("no attribute 'f'") });
    expect(await load('f = 1')).toMatchObject({ message: 'TypeError: f is a int, which cannot be called' });
    expect(await load('import os; os._exit(7)')).toMatchObject({
      outcome: 'runtime_error',
      message: 'The interpreter ended with exit code 7 while the code was loaded.',
    });
    expect(await load('x = []\nwhile True: x.append(b"x" * 10**6)')).toMatchObject({
      outcome: 'out_of_memory',
    });
  });

  it('takes the code from a file, imports the workspace beside it, and finds dotted names', async () => {
    const files = {
      'pkg/solver.py':
        'import numbers_of\n\nclass Solver:\n    @staticmethod\n    def run(n):\n        return numbers_of.one() + n\n',
      'numbers_of.py': 'def one():\n    return 1\n',
    };
    const io_cases = [{ input: '41', output: 42 }];
    expect(await evaluate({ files, file: 'pkg/solver.py', entry_point: 'Solver.run', io_cases })).toMatchObject({
      passed: true,
    });
    const own = 'import numbers_of\nf = lambda n: numbers_of.one() + n\n';
    expect(await evaluate({ files, code: own, entry_point: 'f', io_cases })).toMatchObject({ passed: true });
  });

  it('is not misled by files of the workspace that are named like modules', async () => {
    const files = { 'json.py': '1 / 0', 'os.py': '1 / 0', 'ast.py': '1 / 0', 'repl_evaluate.py': '1 / 0' };
    const io_cases = [{ input: '', output: 1 }];
    expect(await evaluate({ files, code: 'f = lambda: 1', entry_point: 'f', io_cases })).toMatchObject({
      passed: true,
    });
  });

  it('says of an input that it is no list of arguments', async () => {
    const io_cases = [{ input: 'open("/etc/passwd")', output: 1 }];
    const { case_results: results } = await evaluate({ code: 'f = lambda a: 1', entry_point: 'f', io_cases });
    expect(results[0]).toMatchObject({
      passed: false,
      message: expect.stringMatching(/^The input is not a list of arguments: /),
    });
  });

  it("asks the host's checker in a sandbox of its own", async () => {
    const solution =
      'import os\nopen("/sandbox/mark", "w").write("x")\ndef f(n):\n    print("!")\n    return {n, n + 1}\n';
    const checker = {
      code: [
        'import os',
        'def check(input, expected, actual, output):',
        '    if os.path.exists("/sandbox/mark"): return False',
        '    if input == "n=3": return {"passed": False, "message": "not three"}',
        '    if input == "n=4": return "maybe"',
        '    return isinstance(actual, set) and sum(actual) == expected and output == "!\\n"',
      ].join('\n'),
      entry_point: 'check',
    };
    const io_cases = [1, 2, 3, 4].map((n) => ({ input: `n=${n}`, output: 2 * n + 1 }));
    const wrong = { input: 'n=5', output: 0 };
    const failing = { input: 'x=1', output: 0 };
    const result = await evaluate({
      code: solution,
      entry_point: 'f',
      io_cases: [...io_cases, wrong, failing],
      checker,
    });
    expect(result.error).toBeNull();
    expect(result.case_results.map(({ passed }) => passed)).toEqual([true, true, false, false, false, false]);
    expect(result.case_results[2]?.message).toBe('not three');
    expect(result.case_results[3]?.message).toBe("The checker gave no verdict: it answered 'maybe'");
    expect(result.case_results[5]).toMatchObject({
      outcome: 'runtime_error',
      message: expect.stringContaining('TypeError'),
    });
    const broken = await evaluate({
      code: solution,
      entry_point: 'f',
      io_cases,
      checker: { code: '1 / 0', entry_point: 'c' },
    });
    expect(broken.error?.message).toBe('The checker was not loaded: ZeroDivisionError: division by zero');
  });

  it('never tells the sandbox of the code what is expected', async () => {
    const secret = 'expected-4c1f';
    const spy = [
      'import gc, os, sys',
      'def f(a):',
      '    seen = []',
      '    for pid in [p for p in os.listdir("/proc") if p.isdigit()]:',
      '        for name in ("cmdline", "environ"):',
      '            try: seen.append(open("/proc/%s/%s" % (pid, name), "rb").read().decode(errors="replace"))',
      '            except OSError: pass',
      '    for folder in ("/sandbox", "/tmp"):',
      '        for root, _, names in os.walk(folder):',
      '            for name in names: seen.append(open(os.path.join(root, name), errors="replace").read())',
      '    frame = sys._getframe()',
      '    while frame: seen.append(repr(frame.f_locals)); frame = frame.f_back',
      '    seen += [repr(o) for o in gc.get_objects() if isinstance(o, (dict, list, tuple)) and len(o) < 1000]',
      '    text = "\\n".join(seen)',
      '    return ["known" + "-input" in text, "expected" + "-4c1f" in text]',
    ].join('\n');
    const io_cases = [{ input: 'a="known-input"', output: secret, name: 'spy' }];
    const { case_results: results } = await evaluate({
      code: spy,
      entry_point: 'f',
      io_cases,
      limits: { wall_seconds: 20 },
    });
    expect(results[0]?.value).toEqual([true, false]);
  });

  it('runs a program once for each case, with its stdin and stdout', async () => {
    const program =
      'import sys\nwords = input().split()\nif not words: sys.exit("nothing")\nprint(sum(map(int, words)))\n';
    const io_cases = [
      { input: '1 2 3\n', output: '6' },
      { input: '4', output: '5\n' },
      { input: '\n', output: '' },
    ];
    const result = await evaluate({ code: program, io_cases, limits: { wall_seconds: 20 } });
    expect(result.case_results.map(({ passed, outcome }) => [passed, outcome])).toEqual([
      [true, 'ok'],
      [false, 'ok'],
      [false, 'runtime_error'],
    ]);
    expect(result.case_results[0]).toMatchObject({ value: null, repr: null, output: '6\n' });
    expect(result.case_results[2]).toMatchObject({ stderr: 'nothing\n', exit_code: 1 });
    const files = { 'sum.py': program };
    expect(await evaluate({ files, file: 'sum.py', io_cases: [io_cases[0]] })).toMatchObject({ passed: true });
  });

  it('holds programs to their limits', async () => {
    const program =
      'import sys, time\nwhat = input()\nif what == "sleep": time.sleep(99)\nwhile True:\n  if what == "flood": print("x" * 999)\n';
    const io_cases = [
      { input: 'sleep', output: '', limits: { wall_seconds: 0.3 } },
      { input: 'loop', output: '', limits: { wall_seconds: 20, cpu_seconds: 0.3 } },
      { input: 'flood', output: '', limits: { wall_seconds: 20 } },
    ];
    const { case_results: results } = await evaluate({ code: program, io_cases });
    expect(results.map(({ outcome }) => outcome)).toEqual(['wall_timeout', 'cpu_timeout', 'output_limit']);
  });

  it('evaluates in a session beside its REPL, with its files, and leaves both as they are', async () => {
    const { session, terminal } = await runner.prompt({ files: { 'hiker.py': 'def answer(a):\n    return a + 1\n' } });
    await terminal.run('x = 17');
    const path = `/repl/${session.id}/evaluate`;
    const io_cases = [{ input: '41', output: 42 }];
    expect(await evaluate({ file: 'hiker.py', entry_point: 'answer', io_cases }, path)).toMatchObject({ passed: true });
    const bad = ['leave_a_daemon', 'fork_bomb', 'kill_the_parent', 'fine'];
    const cases = bad.map((name) => ({ input: `"${name}"`, output: 'fine' }));
    const limits = { wall_seconds: 1 };
    const result = await evaluate({ code: badCases, entry_point: 'answer', io_cases: cases, limits }, path);
    expect(result.case_results.map(({ passed }) => passed)).toEqual([false, false, false, true]);
    expect(await terminal.run('x')).toContain('17');
    expect(await terminal.run('import os; sorted(os.listdir())')).toContain("['hiker.py']");
    const refused = await runner.call('POST', path, { code: 'print()', io_cases: [{ input: '', output: '' }] });
    expect(refused).toMatchObject({ status: 422, body: { error: { code: 'request_invalid' } } });
    await terminal.close();
  });

  it('tells each case as soon as it is judged where events are asked for', async () => {
    const io_cases = [
      { input: 'a=1', output: 2 },
      { input: 'a=2', output: 4 },
    ];
    const body = { language: 'python', code: 'f = lambda a: a + 1', entry_point: 'f', io_cases };
    const response = await fetch(new URL('/evaluate', runner.url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
      body: JSON.stringify(body),
    });
    const events = (await response.text())
      .trimEnd()
      .split('\n\n')
      .map((event) => event.split('\n').map((line) => line.replace(/^\w+: /, '')))
      .map(([name, data]): unknown => [name, JSON.parse(data ?? '')]);
    expect(events).toMatchObject([
      ['start', {}],
      ['case', { index: 0, passed: true, value: 2 }],
      ['case', { index: 1, passed: false, value: 3 }],
      ['result', { passed: false, error: null }],
    ]);
  });

  it('evaluates a hundred cases', async () => {
    const io_cases = Array.from({ length: 100 }, (_, n) => ({ input: `a=${n}`, output: n + 1 }));
    const result = await evaluate({ code: 'f = lambda a: a + 1', entry_point: 'f', io_cases });
    expect(result.passed).toBe(true);
    expect(result.case_results).toHaveLength(100);
  });
}

/** With a service of its own: two in one process would take each other's sandboxes for their own. */
function keyLimits(ground: Ground): void {
  it('counts for its API key, as a start does', async () => {
    const limits = { REPL_RUNNER_KEY_STARTS_PER_SECOND: '0.001', REPL_RUNNER_KEY_STARTS_BURST: '1' };
    const runner = await RunningService.start({ ...ground.env, ...limits });
    const body = { language: 'python', code: '', io_cases: [{ input: '', output: '' }] };
    expect(await runner.call('POST', '/evaluate', body)).toMatchObject({ status: 200 });
    expect(await runner.call('POST', '/evaluate', body)).toMatchObject({
      status: 429,
      body: { error: { code: 'too_many_starts', context: { scope: 'key' } } },
    });
    await runner.stop();
  });
}

describeOnEach(grounds, 'evaluation on', contract);
describeOnEach(groundPerDriver, 'an evaluation on', keyLimits);
