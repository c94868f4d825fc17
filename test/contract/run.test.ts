/** Runs, in a session and on their own: what each end is told as, on every driver, and that nothing stays behind. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { countBearing } from '../support/count-bearing.js';
import { countSandboxes } from '../support/count-sandboxes.js';
import { describeOnEach } from '../support/describe-where.js';
import { EventReader, type ReadEvent } from '../support/event-reader.js';
import { eventually } from '../support/eventually.js';
import { grounds, type Ground } from '../support/grounds.js';
import { RunningService, type Answer } from '../support/running-service.js';

interface Told {
  readonly outcome: string;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly stdout: { readonly content?: string; readonly base64?: string; readonly truncated: boolean };
  readonly stderr: { readonly content?: string; readonly truncated: boolean };
  readonly wall_ms: number;
  readonly cpu_ms: number;
  readonly created: readonly string[];
  readonly queue: { readonly waited_ms: number };
}

function contract(ground: Ground): void {
  let runner: RunningService;
  let session: string;
  const replica = `test-run-${randomBytes(6).toString('hex')}`;

  beforeAll(async () => {
    runner = await RunningService.start({
      ...ground.env,
      REPL_RUNNER_REPLICA: replica,
      REPL_RUNNER_POOL: 'python=2:6',
      REPL_RUNNER_MAX_RUNS: '3',
      REPL_RUNNER_RUN_QUEUE: '20',
      REPL_RUNNER_RUN_QUEUE_SECONDS: '120',
      REPL_RUNNER_LIMIT_MEMORY_MIB: '96',
      REPL_RUNNER_LIMIT_PROCESSES: '40',
      REPL_RUNNER_LIMIT_DISK_MIB: '4',
    });
    session = (await runner.startSession({ files: { 'kept.txt': 'kept' }, env: { FROM_REPL: 'yes' } })).id;
  });
  afterAll(async () => {
    await runner.stop();
    expect(await countSandboxes(ground, replica)).toBe(0);
  });

  const told = ({ status, body }: Answer): Told => {
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body as Told;
  };
  const run = async (body: object): Promise<Told> => told(await runner.call('POST', `/repl/${session}/run`, body));
  const once = async (body: object): Promise<Told> =>
    told(await runner.call('POST', '/run', { language: 'python', ...body }));
  const stream = async (path: string, body: object): Promise<EventReader> =>
    await EventReader.open(new URL(path, runner.url), body);
  /** How many processes of the session bear this word in their command line. */
  const bearing = async (word: string): Promise<number> => {
    const looked = await run({ argv: ['python3', '-c', countBearing], env: { WORD: word } });
    expect(looked).toMatchObject({ outcome: 'ok', stdout: { content: expect.stringMatching(/^\d+\n$/) } });
    return Number(looked.stdout.content);
  };

  describe.each([
    ['in a session', true],
    ['once', false],
  ])('%s', (_form, inSession) => {
    const act = (body: object): Promise<Told> => (inSession ? run(body) : once(body));

    it('tells of a command, its outputs and its files', async () => {
      const ended = await act({ command: 'cat; echo err >&2; echo 1 > made; exit 3', stdin: 'häl\n' });
      expect(ended).toMatchObject({
        ...{ outcome: 'runtime_error', exit_code: 3, signal: null, build: null, created: ['made'] },
        stdout: { content: 'häl\n', truncated: false },
        stderr: { content: 'err\n', truncated: false },
      });
      if (inSession) await run({ command: 'rm made' });
    });

    it.each([
      ['ok', 'true', {}, { exit_code: 0 }],
      ['signal', 'kill -SEGV $$', {}, { signal: 'SIGSEGV' }],
      ['wall_timeout', 'sleep 1000', { wall_seconds: 0.3 }, { signal: 'SIGKILL' }],
      ['cpu_timeout', 'while :; do :; done', { cpu_seconds: 0.2 }, { signal: 'SIGKILL' }],
      ['output_limit', 'yes', { output_bytes: 6 }, { stdout: { content: 'y\ny\ny\n', truncated: true } }],
      ['disk_full', 'head -c 50000000 /dev/zero > big', {}, { exit_code: 1 }],
    ])('says %s', async (outcome, command, limits, more) => {
      expect(await act({ command, limits })).toMatchObject({ outcome, ...more });
      await run({ command: 'rm -f big' });
    });

    it('says out_of_memory and process_limit where the kernel counts them', async () => {
      const counts = ground.driver === 'docker';
      const hog = 'exec python3 -c "block = bytearray(300 << 20)"';
      const forks = 'import os, time\nfor n in range(200):\n  if os.fork() == 0: time.sleep(9); os._exit(0)';
      const [memory, processes] = [await act({ command: hog }), await act({ argv: ['python3', '-c', forks] })];
      if (counts) {
        expect([memory.outcome, memory.signal, processes.outcome]).toEqual([
          'out_of_memory',
          'SIGKILL',
          'process_limit',
        ]);
      } else {
        expect(['out_of_memory', 'signal', 'runtime_error', 'ok']).toContain(memory.outcome);
        expect(['process_limit', 'runtime_error', 'ok']).toContain(processes.outcome);
      }
    });

    it('passes bytes through that are no text, and much of them', async () => {
      const bytes = Buffer.from(Array.from({ length: 1000 }, (_, at) => at % 256));
      const ended = await act({ argv: ['cat'], stdin: { base64: bytes.toString('base64') } });
      expect(ended).toMatchObject({ outcome: 'ok', stdout: { base64: bytes.toString('base64') } });
      const limits = { output_bytes: 4_000_000 };
      const { stdout } = await act({ command: 'seq 1 500000', limits });
      expect(stdout.content).toBe(Array.from({ length: 500_000 }, (_, at) => `${at + 1}\n`).join(''));
    });

    it('runs a file as its language does', async () => {
      const program = 'import sys\nprint(sys.argv[1:], input())';
      const files = { 'prog.py': program };
      const given = inSession ? {} : { files };
      if (inSession) await run({ command: 'cat > prog.py', stdin: program });
      const ended = await act({ ...given, file: 'prog.py', args: ['a b', '$c'], stdin: 'in' });
      expect(ended).toMatchObject({ outcome: 'ok', stdout: { content: "['a b', '$c'] in\n" } });
      const missing = await act({ ...given, file: 'no.py' });
      expect([missing.outcome, missing.exit_code]).toEqual(['runtime_error', 2]);
    });
  });

  it('sees the files and the environment of its session', async () => {
    const { stdout } = await run({ command: 'cat kept.txt; echo $FROM_REPL' });
    expect(stdout.content).toBe('keptyes\n');
  });

  it('goes on after the exit of the REPL, and leaves a living one alone', async () => {
    const { session: own, terminal } = await runner.prompt();
    const call = async (command: string) => told(await runner.call('POST', `/repl/${own.id}/run`, { command }));
    expect(await call('setsid sleep 4242 & echo up')).toMatchObject({ stdout: { content: 'up\n' } });
    expect(await terminal.run('6 * 7')).toContain('42');
    terminal.type('exit()\r');
    await terminal.closed;
    expect(await call('echo after')).toMatchObject({ outcome: 'ok', stdout: { content: 'after\n' } });
  });

  it('is ended with its session, and says so', async () => {
    const own = await runner.startSession();
    const reader = await stream(`/repl/${own.id}/run`, { command: 'echo up; sleep 1000' });
    await reader.next();
    expect((await reader.next())?.data).toEqual({ content: 'up\n' });
    const deleted = runner.call('DELETE', `/repl/${own.id}`);
    expect((await reader.rest()).at(-1)).toMatchObject({ name: 'result', data: { outcome: 'ended' } });
    expect((await deleted).status).toBe(204);
  });

  it('is told as it goes on, no character cut in two', async () => {
    const program = [
      'import fcntl, struct, sys, termios, time',
      'for b in "aä€😀".encode() + b"\\xff\\xc3":',
      '    sys.stdout.buffer.raw.write(bytes([b]))',
      '    while struct.unpack("i", fcntl.ioctl(1, termios.FIONREAD, bytes(4)))[0]: time.sleep(0.001)',
    ].join('\n');
    const events = await (await stream('/run', { language: 'python', argv: ['python3', '-c', program] })).rest();
    expect(events[0]).toMatchObject({ name: 'start', data: { cold: expect.any(Boolean) } });
    const last = events.at(-1);
    expect(last).toMatchObject({ name: 'result', data: { outcome: 'ok', stdout: { truncated: false } } });
    expect(last?.data.stdout).not.toHaveProperty('content');
    const pieces = events.filter(({ name }) => name === 'stdout').map(({ data }: ReadEvent) => data);
    expect(pieces.map(({ content }) => (typeof content === 'string' ? content : '')).join('')).toBe('aä€😀');
    const bytes = pieces.map((piece) =>
      typeof piece.content === 'string' ? Buffer.from(piece.content) : Buffer.from(String(piece.base64), 'base64'),
    );
    expect(Buffer.concat(bytes)).toEqual(Buffer.concat([Buffer.from('aä€😀'), Buffer.from([0xff, 0xc3])]));
  });

  it('is held back by a slow reader, and killed when that one hangs up', async () => {
    const reader = await stream(`/repl/${session}/run`, {
      command: 'echo $$; head -c 40000000 /dev/zero | tr "\\0" x; touch finished; exec sleep 4243',
      limits: { output_bytes: 8_000_000 },
    });
    await reader.next();
    await reader.next();
    expect(await run({ command: 'sleep 0.5; ls finished' })).toMatchObject({ outcome: 'runtime_error' });
    reader.close();
    await eventually('the end of the program', async () => (await bearing('40000000')) === 0);
    expect(await bearing('4243')).toBe(0);
  });

  it('is killed when a client that waits for the answer hangs up', async () => {
    const hangUp = new AbortController();
    const url = new URL(`/repl/${session}/run`, runner.url);
    const body = JSON.stringify({ command: 'setsid sleep 4244 & sleep 4244' });
    const headers = { 'Content-Type': 'application/json' };
    const sent = fetch(url, { method: 'POST', headers, body, signal: hangUp.signal });
    await eventually('the program', async () => (await bearing('4244')) > 0);
    hangUp.abort();
    await expect(sent).rejects.toThrow();
    await eventually('the end of the program', async () => (await bearing('4244')) === 0);
  });

  it('has a bounded line in front, in which nobody is lost', async () => {
    const runs = Array.from({ length: 20 }, (_, at) => once({ command: `sleep 0.1; echo ${at}` }));
    const ended = await Promise.all(runs);
    expect(ended.map(({ stdout }) => stdout.content)).toEqual(ended.map((_, at) => `${at}\n`));
    expect(Math.max(...ended.map(({ queue }) => queue.waited_ms))).toBeGreaterThan(100);
    await eventually('an empty line', async () => {
      const { body } = await runner.call('GET', '/ready');
      const { runs: load } = body as { runs: { active: number; waiting: number; max: number } };
      return load.active === 0 && load.waiting === 0 && load.max === 3;
    });
    expect((await runner.call('GET', '/metrics')).body).toMatch(
      /repl_runner_runs_total\{kind="once",outcome="ok"\} \d/,
    );
  });

  it('is refused with 503 when the line is full, and its place is free again when a client hangs up', async () => {
    const hangUp = new AbortController();
    const start = () =>
      fetch(new URL('/run', runner.url), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ language: 'python', command: 'sleep 30' }),
        signal: hangUp.signal,
      }).catch(() => null);
    const held = Array.from({ length: 23 }, start);
    const load = async () => ((await runner.call('GET', '/ready')).body as { runs: Record<string, number> }).runs;
    await eventually('a full line', async () => (await load()).waiting === 20);
    const refused = await runner.call('POST', '/run', { language: 'python', command: 'true' });
    expect([refused.status, refused.body]).toMatchObject([
      503,
      { error: { code: 'capacity_exhausted', retryable: true } },
    ]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    hangUp.abort();
    await Promise.all(held);
    await eventually('an empty line', async () => (await load()).waiting === 0);
    expect(await once({ command: 'echo free' })).toMatchObject({ outcome: 'ok' });
    await eventually('no sandbox in use', async () => (await load()).active === 0);
  });
}

describeOnEach(grounds, 'a run on', contract);
