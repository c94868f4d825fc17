import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { run, type RunLimits, type RunRequest, type RunResult } from '../../src/execution/run.js';
import { AgentConversation } from '../doubles/agent-conversation.js';
import { within } from '../doubles/within.js';
import { countBearing } from '../support/count-bearing.js';
import { patienceMs } from '../support/patience.js';

const open: AgentConversation[] = [];
const limits: RunLimits = { wallMs: patienceMs, cpuMs: null, outputBytes: 1 << 20, dataBytes: null };
const never = new AbortController().signal;

async function agent(env: Record<string, string> = {}): Promise<AgentConversation> {
  const talk = new AgentConversation();
  open.push(talk);
  await talk.begin({ env });
  return talk;
}

type Options = Partial<Omit<RunRequest, 'limits'>> & { readonly limits?: Partial<RunLimits> };

async function shell(talk: AgentConversation, command: string, options: Options = {}, signal = never) {
  const request = { argv: ['sh', '-c', command], env: {}, stdin: null, ...options };
  return await run(talk.connection, { ...request, limits: { ...limits, ...options.limits } }, signal);
}

const out = (result: RunResult): string => result.stdout.data.toString();

/** The processes of the user that bear this word in their command line. */
async function bearing(talk: AgentConversation, word: string): Promise<string> {
  const found = await shell(talk, '', { argv: ['python3', '-c', countBearing], env: { WORD: word } });
  return out(found).trim();
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((talk) => talk.end()));
});

describe('a run', () => {
  it('tells exit code, signal, outputs, times and memory of a program that ends by itself', async () => {
    const talk = await agent();
    expect(await shell(talk, 'echo out; echo err >&2; exit 3')).toMatchObject({
      outcome: 'runtime_error',
      exitCode: 3,
      signal: null,
      stdout: { data: Buffer.from('out\n'), truncated: false },
      stderr: { data: Buffer.from('err\n'), truncated: false },
    });
    expect(await shell(talk, 'kill -SEGV $$')).toMatchObject({ outcome: 'signal', exitCode: null, signal: 'SIGSEGV' });
    const program = 'import time\nblock = bytearray(80 << 20)\nwhile time.process_time() < 0.3: pass\ntime.sleep(0.2)';
    const used = await shell(talk, '', { argv: ['python3', '-c', program] });
    expect(used.outcome).toBe('ok');
    expect(used.cpuMs).toBeGreaterThan(290);
    expect(used.wallMs).toBeGreaterThan(490);
    expect(used.maxRssBytes).toBeGreaterThan(80 << 20);
    expect(used.maxRssBytes).toBeLessThan(200 << 20);
  });

  it('is chosen before the agent when memory runs out, with all that it starts, from its first instruction on', async () => {
    const talk = await agent();
    const score = 'read score < /proc/self/oom_score_adj; echo $score';
    for (let count = 0; count < 50; count += 1) expect(out(await shell(talk, score))).toBe('1000\n');
    expect(await talk.answer('open("/proc/self/oom_score_adj").read()')).toContain('1000');
    // Its input comes behind its start, for which the agent raises its own score for a moment.
    const agentsScore = await shell(talk, 'read go; cat /proc/1/oom_score_adj', { stdin: Buffer.from('\n') });
    expect(out(agentsScore)).toBe(readFileSync('/proc/self/oom_score_adj', 'utf8'));
  });

  it('ends at its wall time, and says so', async () => {
    const ended = await shell(await agent(), 'echo up; sleep 1000', { limits: { wallMs: 2_000 } });
    expect(ended).toMatchObject({ outcome: 'wall_timeout', signal: 'SIGKILL', stdout: { data: Buffer.from('up\n') } });
    expect(ended.wallMs).toBeGreaterThanOrEqual(2_000);
  });

  it.each([
    ['one process', 'while :; do :; done'],
    ['a process that was orphaned into a session of its own', 'setsid sh -c "while :; do :; done" & sleep 1000'],
  ])('ends at the CPU time of %s, and says so', async (_name, command) => {
    const ended = await shell(await agent(), command, { limits: { cpuMs: 300 } });
    expect(ended).toMatchObject({ outcome: 'cpu_timeout', signal: 'SIGKILL' });
    expect(ended.cpuMs).toBeGreaterThan(250);
    expect(ended.cpuMs).toBeLessThan(3_000);
  });

  it('ends when it has said too much, in both outputs together', async () => {
    // FIONREAD on a pipe's end for writing: what the agent has not taken yet.
    const program = [
      'import fcntl, os, struct, termios, time',
      'os.write(2, b"123456")',
      'while struct.unpack("i", fcntl.ioctl(2, termios.FIONREAD, bytes(4)))[0]: time.sleep(0.001)',
      'os.execvp("yes", ["yes"])',
    ].join('\n');
    const ended = await shell(await agent(), '', { argv: ['python3', '-c', program], limits: { outputBytes: 10 } });
    expect(ended).toMatchObject({
      outcome: 'output_limit',
      stdout: { data: Buffer.from('y\ny\n'), truncated: true },
      stderr: { data: Buffer.from('123456'), truncated: false },
    });
  });

  it('may say exactly as much as is allowed', async () => {
    const ended = await shell(await agent(), 'printf 1234567890', { limits: { outputBytes: 10 } });
    expect(ended).toMatchObject({ outcome: 'ok', stdout: { truncated: false } });
  });

  it('fails to allocate beyond the limit of its data', async () => {
    const argv = ['python3', '-c', 'bytearray(200 << 20)'];
    const ended = await shell(await agent(), '', { argv, limits: { dataBytes: 64 << 20 } });
    expect(ended).toMatchObject({ outcome: 'runtime_error', exitCode: 1 });
    expect(ended.stderr.data.toString()).toContain('MemoryError');
  });

  it('says what a shell says of a program that is not there, or is none', async () => {
    const talk = await agent();
    const missing = await shell(talk, '', { argv: ['no-such-program'] });
    expect(missing).toMatchObject({ outcome: 'runtime_error', exitCode: 127, signal: null });
    expect(missing.stderr.data.toString()).toBe('no-such-program: No such file or directory\n');
    expect(await shell(talk, '', { argv: ['/sandbox'] })).toMatchObject({ outcome: 'runtime_error', exitCode: 126 });
  });

  it('gets the environment of the REPL, and its own on top', async () => {
    const talk = await agent({ FROM_REPL: 'a', BOTH: 'repl' });
    const ended = await shell(talk, 'echo $FROM_REPL $BOTH $PWD', { env: { BOTH: 'run' } });
    expect(out(ended)).toBe('a run /sandbox\n');
    await shell(talk, 'mkdir inner');
    expect(out(await shell(talk, 'pwd', { cwd: 'inner' }))).toBe('/sandbox/inner\n');
  });
});

describe('what a run leaves running', () => {
  it.each([
    ['in its group', 'sleep 4242 & echo $!'],
    ['in a session of its own', 'setsid sleep 4242 & echo $!'],
    ['as a daemon without its environment', 'setsid env -i sh -c "sleep 4242 & sleep 4242" >&- 2>&- <&- & sleep 0.3'],
  ])('%s ends with it', async (_name, command) => {
    const talk = await agent();
    const ended = await within('end', shell(talk, command));
    expect(ended.outcome).toBe('ok');
    expect(await bearing(talk, '4242')).toBe('0');
  });

  it('ends upon an abort, which rejects', async () => {
    const talk = await agent();
    const abort = new AbortController();
    const onOutput = (): void => {
      abort.abort(new Error('the client left'));
    };
    const running = shell(talk, 'setsid sleep 4242 & echo up; sleep 4242', { onOutput }, abort.signal);
    await expect(within('end', running)).rejects.toThrow('the client left');
    // The agent tells the end of one run before it takes up the next.
    expect(await bearing(talk, '4242')).toBe('0');
  });

  it('is not the REPL, nor what the REPL has started, nor another run', async () => {
    const talk = await agent();
    await talk.answer('import subprocess; job = subprocess.Popen(["sleep", "4343"])');
    const other = shell(talk, 'read line; echo still here; sleep 0.5');
    await shell(talk, 'sleep 4242 & true');
    expect(out(await other)).toBe('still here\n');
    expect(await talk.answer('print(job.poll())')).toBe('None');
  });

  it('ends with the REPL that is started anew, and says so', async () => {
    const talk = await agent();
    const running = shell(talk, 'echo up; sleep 4242');
    await shell(talk, 'true');
    await talk.connection.restart({ cols: 80, rows: 24, env: {}, startup: null, files: null });
    expect(await within('end', running)).toMatchObject({ outcome: 'ended' });
  });
});

describe('the streams of a run', () => {
  it('take a long input that nobody reads, and end well', async () => {
    const talk = await agent();
    const stdin = Buffer.alloc(10 << 20, 'x');
    expect(await within('end', shell(talk, 'sleep 0.3', { stdin }))).toMatchObject({ outcome: 'ok' });
    expect(out(await shell(talk, 'wc -c', { stdin }))).toBe(`${10 << 20}\n`);
    expect(out(await shell(talk, 'head -c 3; sleep 0.1', { stdin }))).toBe('xxx');
  });

  it('hold the program back while a reader does not take its output', async () => {
    const talk = await agent();
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let taken = 0;
    const onOutput = async (_name: string, data: Buffer): Promise<void> => {
      await gate;
      taken += data.length;
    };
    const command = 'head -c 2000000 /dev/zero; echo done > finished';
    const running = shell(talk, command, { onOutput, limits: { outputBytes: 1 << 22 } });
    expect(out(await shell(talk, 'sleep 0.5; ls'))).toBe('');
    release();
    expect(await running).toMatchObject({ outcome: 'ok' });
    expect(taken).toBe(2_000_000);
  });

  it('hand over several runs at once, each its own', async () => {
    const talk = await agent();
    const runs = Array.from({ length: 20 }, (_, at) =>
      shell(talk, `cat; echo ${at}`, { stdin: Buffer.from(`${at} `) }),
    );
    expect((await Promise.all(runs)).map(out)).toEqual(runs.map((_, at) => `${at} ${at}\n`));
  });
});

describe('the files of a run', () => {
  it('are told where they were created, changed and deleted', async () => {
    const talk = await agent();
    await shell(talk, 'mkdir a; echo 1 > a/kept; echo 1 > a/changed; echo 1 > gone; ln -s /etc link');
    const ended = await shell(talk, 'echo 22 > a/changed; rm gone; mkdir b; echo 1 > b/new; ln -s x way', {
      changes: true,
    });
    expect(ended.files).toEqual({
      created: ['b/new', 'way'],
      changed: ['a/changed'],
      deleted: ['gone'],
      truncated: false,
    });
    expect((await shell(talk, 'true')).files).toBeNull();
  });

  it('are told up to a bound', async () => {
    const talk = await agent();
    const many = await shell(talk, 'seq 1 3000 | sed "s/^/a-rather-long-name-/" | xargs touch', { changes: true });
    expect(many).toMatchObject({ outcome: 'ok', files: { changed: [], deleted: [], truncated: true } });
    expect(many.files?.created.length).toBeGreaterThan(500);
    const crowd = await shell(talk, 'seq 1 4000 | xargs touch', { changes: true });
    expect(crowd).toMatchObject({ outcome: 'ok', files: { truncated: true } });
  });
});
