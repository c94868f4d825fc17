/** Runs by the TypeScript client, against a real runner. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ReplClient } from '../../client/repl-client.js';
import { ReplError } from '../../client/repl-error.js';
import { describeOnEach } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { groundPerDriver } from '../support/grounds.js';
import { RunningService } from '../support/running-service.js';

describeOnEach(groundPerDriver, 'ReplClient runs on', (ground) => {
  let runner: RunningService;
  let client: ReplClient;
  beforeAll(async () => {
    runner = await RunningService.start(ground.env);
    client = new ReplClient({ url: runner.url });
  });
  afterAll(async () => {
    await runner.stop();
  });

  it('a program in a session', async () => {
    const { id } = await runner.startSession({ files: { 'a.txt': 'a' } });
    const run = await client.run(id, { command: 'cat a.txt -; echo err >&2; exit 4', stdin: new Uint8Array([0xff]) });
    expect(run).toMatchObject({ outcome: 'runtime_error', exitCode: 4, waitedMs: null, stderr: { text: 'err\n' } });
    expect(run.stdout.bytes).toEqual(new Uint8Array([0x61, 0xff]));
  });

  it('a program once, its output as it comes', async () => {
    const heard: string[] = [];
    const text = new TextDecoder();
    const program = 'import time\nprint("one", flush=True)\ntime.sleep(0.3)\nprint("two")';
    const listener = {
      onStart: () => void heard.push('start'),
      onStdout: (data: Uint8Array) => void heard.push(text.decode(data)),
    };
    const run = await client.runOnce({ language: 'python', files: { 'main.py': program } }, { listener });
    expect(heard[0]).toBe('start');
    expect(heard.slice(1).join('')).toBe('one\ntwo\n');
    expect(run).toMatchObject({ outcome: 'ok', stdout: { text: '', truncated: false } });
    expect(run.waitedMs).toBeGreaterThanOrEqual(0);
  });

  it('evaluations, in a sandbox of their own and in a session', async () => {
    const io_cases = [
      { name: 'good', input: 'a=1', output: 2 },
      { name: 'bad', input: 'a=2', output: 4 },
    ];
    const evaluation = { code: 'f = lambda a: a + 1', entry_point: 'f', io_cases };
    const { id } = await runner.startSession();
    for (const told of [
      await client.evaluateOnce({ ...evaluation, language: 'python' }),
      await client.evaluateCode(id, evaluation),
    ]) {
      expect(told).toMatchObject({ passed: false, error: null });
      expect(told.case_results).toMatchObject([
        { name: 'good', passed: true, value: 2 },
        { name: 'bad', passed: false, value: 3 },
      ]);
    }
    const unloadable = await client.evaluateCode(id, { ...evaluation, code: 'f =' });
    expect(unloadable).toMatchObject({ passed: false, case_results: [], error: { outcome: 'runtime_error' } });
    await expect(client.evaluateOnce({ ...evaluation, language: 'cobol' })).rejects.toMatchObject({
      code: 'language_unknown',
    });
  });

  it('and tells refusals by their codes', async () => {
    await expect(client.runOnce({ language: 'cobol' })).rejects.toMatchObject({ code: 'language_unknown' });
    await expect(client.runOnce({ language: 'python', command: 'a', argv: ['b'] })).rejects.toBeInstanceOf(ReplError);
  });

  it('and ends what is aborted', async () => {
    const { id } = await runner.startSession();
    const abort = new AbortController();
    const listener = {
      onStdout: () => {
        abort.abort();
      },
    };
    const running = client.run(id, { command: 'echo up; sleep 4242' }, { listener, signal: abort.signal });
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
    await eventually('the end of the program', async () => {
      const { exitCode } = await client.run(id, { command: 'grep -q "[4]242" /proc/[0-9]*/cmdline' });
      return exitCode === 1 || exitCode === 2;
    });
  });
});
