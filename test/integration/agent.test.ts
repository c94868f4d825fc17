/** The real agent in a bubblewrap sandbox, spoken to by the runner's own end of the protocol. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { encodeFrame, frameTypes } from '../../src/agent/frame.js';
import { readArchive, writeArchive } from '../../src/workspace/archive.js';
import type { WorkspaceEntry } from '../../src/workspace/entry.js';
import { Workspace } from '../../src/workspace/workspace.js';
import { AgentConversation, plainStart, prompt } from '../doubles/agent-conversation.js';
import { agentEpoch, type AgentProcessOptions } from '../doubles/agent-process.js';
import { within } from '../doubles/within.js';

const open: AgentConversation[] = [];

function conversation(options: AgentProcessOptions = {}): AgentConversation {
  const talk = new AgentConversation(options);
  open.push(talk);
  return talk;
}

async function started(parameters: Parameters<AgentConversation['begin']>[0] = {}): Promise<AgentConversation> {
  const talk = conversation();
  await talk.begin(parameters);
  return talk;
}

const file = (path: string, content: string | Buffer): WorkspaceEntry => ({
  type: 'file',
  path,
  executable: false,
  content: Buffer.from(content),
});

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit_code: number | null;
  readonly signal: string | null;
}

async function run(
  talk: AgentConversation,
  argv: readonly string[],
  options: { stdin?: Buffer; signal?: AbortSignal; onStdout?: () => void } = {},
): Promise<Ran> {
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  const { exit_code, signal } = await talk.connection.spawn(
    {
      argv,
      env: {},
      stdin: options.stdin ?? null,
      onStdout: (data) => {
        out.push(Buffer.from(data));
        options.onStdout?.();
      },
      onStderr: (data) => err.push(Buffer.from(data)),
    },
    options.signal ?? new AbortController().signal,
  );
  return { stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), exit_code, signal };
}

function workspaceOf({ connection }: AgentConversation): Workspace {
  return new Workspace(connection, () => undefined);
}

async function packed(talk: AgentConversation): Promise<WorkspaceEntry[]> {
  const pieces: Buffer[] = [];
  for await (const data of workspaceOf(talk).pack(1 << 26).content) pieces.push(data);
  const bounds = { entries: 1000, unpackedBytes: 1 << 26, depth: 32, nameBytes: 255, pathBytes: 4096 };
  return await readArchive(Buffer.concat(pieces), { gzip: false, bounds, signal: new AbortController().signal });
}

/** How many processes of the user there are, without the one that counts. */
async function processes(talk: AgentConversation): Promise<number> {
  return (await talk.connection.usage()).processes ?? NaN;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((talk) => talk.end()));
});

describe('the agent at a claim', () => {
  it('describes itself before it', async () => {
    expect(await conversation().greet()).toMatchObject({ epoch: agentEpoch, state: 'waiting', start: 0, exit: null });
  });

  it('starts the REPL with files, environment, start-up code and size', async () => {
    const files = await writeArchive([file('thimble/rig.py', 'WEIGHT = 17\n'), file('notes.txt', 'x'.repeat(100_000))]);
    const talk = await started({ cols: 101, rows: 31, env: { COLOUR: 'mauve ü' }, startup: 'x = 6 * 7', files });
    expect(await talk.answer('from thimble import rig; rig.WEIGHT, x')).toBe('(17, 42)');
    expect(await talk.answer('import os; os.environ["COLOUR"], tuple(os.get_terminal_size())')).toBe(
      "('mauve ü', (101, 31))",
    );
    expect(await talk.answer('os.getcwd(), os.path.getsize("notes.txt")')).toBe("('/sandbox', 100000)");
  });

  it('shows the banner once and the prompt', async () => {
    const talk = await started();
    expect(talk.text).toMatch(/^Python 3[^\n]*\r\n[^\n]*\r\n>>> $/);
  });

  it('leaves no trace of the hook', async () => {
    const talk = await started();
    const names = 'sorted(name for name in globals() if not name.startswith("__"))';
    expect(await talk.answer(names)).toBe('[]');
    const traces = '[name for name in os.environ if "REPL_RUNNER" in name or name == "PYTHONSTARTUP"]';
    expect(await talk.answer(`import os; ${traces}`)).toBe('[]');
    // Newer Pythons keep the terminal open more than once; nothing else of the agent's may be.
    const open = '{os.readlink(f"/proc/self/fd/{fd}") for fd in range(100) if os.path.exists(f"/proc/self/fd/{fd}")}';
    expect(await talk.answer(open)).toBe("{'/dev/pts/0'}");
    expect(await talk.answer('import readline; readline.get_current_history_length()')).toBe('4');
  });

  it('shows an error of the start-up code as its own, and the prompt after it', async () => {
    const talk = await started({ startup: 'y = 1\nraise ValueError("bad luck")' });
    expect(talk.text).toContain('ValueError: bad luck');
    expect(talk.text).toContain('File "<startup>", line 2, in <module>');
    expect(talk.text).not.toContain('_repl_runner');
    expect(await talk.answer('y')).toBe('1');
  });

  it('starts a new interpreter for variables that one reads at its start, with one banner at offset 0', async () => {
    const talk = await started({ env: { PYTHONHASHSEED: '1', OTHER: 'o' } });
    expect(talk.text.match(/Python 3/g)).toHaveLength(1);
    expect(talk.output[0]?.offset).toBe(0);
    expect(await talk.answer('import sys, os; sys.flags.hash_randomization, os.environ["OTHER"]')).toBe("(1, 'o')");
    expect((await run(talk, ['env'])).stdout).not.toContain('PYTHONHASHSEED');
    const seeded = await started({ env: { PYTHONHASHSEED: '1' } });
    expect(await seeded.answer('hash("repl")')).toBe(await talk.answer('hash("repl")'));
  });

  it('starts a REPL anew that died while it waited', async () => {
    const talk = conversation();
    await talk.greet();
    await run(talk, ['sh', '-c', 'kill -9 -1']);
    await talk.until(() => talk.exits.length > 0, 'exit');
    await talk.begin();
    expect(await talk.answer('1 + 1')).toBe('2');
    expect(talk.text).not.toContain('ended by');
  });

  it('starts a REPL without a hook at the claim', async () => {
    const talk = conversation({ hook: false, repl: ['python3', '-q'] });
    await talk.begin({ env: { COLOUR: 'mauve' } });
    expect(await talk.answer('import os; os.environ["COLOUR"]')).toBe("'mauve'");
  });

  it('refuses a second start', async () => {
    const talk = await started();
    await expect(talk.connection.start(plainStart)).rejects.toMatchObject({ code: 'state' });
  });

  it('refuses a broken archive and names it', async () => {
    const talk = conversation();
    await talk.greet();
    const half = (await writeArchive([file('a', 'x'.repeat(2000))])).subarray(0, 1024);
    await expect(workspaceOf(talk).unpack(half, { replace: true })).rejects.toMatchObject({ code: 'archive_invalid' });
  });
});

/** The sleeps are short: CPython tells an interrupt that comes just before the kernel sleeps when it wakes. */
const sleeping = 'import time; print("go"); [time.sleep(0.1) for i in iter(int, 1)]';

describe('the agent and a running REPL', () => {
  it('interrupts a sleep by Ctrl-C', async () => {
    const talk = await started();
    talk.type(sleeping);
    await talk.says('go\r\n');
    talk.connection.writeInput(Buffer.from('\x03'));
    expect(await talk.says(prompt)).toContain('KeyboardInterrupt');
  });

  it('interrupts a flood by Ctrl-C', async () => {
    const talk = await started();
    talk.type('while True: print("y" * 70)\r');
    await talk.until(() => talk.text.length > 500_000, 'flood');
    talk.connection.writeInput(Buffer.from('\x03'));
    await talk.says('KeyboardInterrupt');
    await talk.says(prompt);
    expect(await talk.answer('"still" + " here"')).toBe("'still here'");
  });

  it('takes no harm of Ctrl-Z', async () => {
    const talk = await started();
    talk.type('import sys; print("go"); sys.stdin.readline()');
    await talk.says('go\r\n');
    talk.connection.writeInput(Buffer.from('\x1a'));
    await talk.says('^Z');
    talk.type('');
    await talk.says(prompt);
    expect(await talk.answer('1 + 1')).toBe('2');
  });

  it('gives credit back in steps, so that no keystroke wakes the runner twice', async () => {
    const talk = await started();
    talk.type('key = 1');
    await talk.says(prompt);
    expect(talk.owedCredit).toBeGreaterThan(0);
    expect(talk.owedCredit).toBeLessThan(1024);
    talk.type(`key = ${'1'.repeat(1024)}`);
    await talk.says(prompt);
    expect(talk.owedCredit).toBeLessThan(1024);
  });

  it('gathers what a flood prints in small pieces, and loses nothing of it', async () => {
    const talk = await started();
    // With so much between two writes that an agent which does not rest reads each on its own.
    talk.type('import os, time; spin = lambda end: any(time.perf_counter_ns() > end for _ in iter(int, 1))');
    await talk.says(prompt);
    const frames = talk.output.length;
    const since = performance.now();
    const write = "os.write(1, b'%05d\\n' % i) and spin(time.perf_counter_ns() + 50_000)";
    talk.type(`n = [${write} for i in range(4000)]; print('flo' + 'od')`);
    const said = await talk.says('flood');
    expect(said.match(/\d{5}\r\n/g)?.length).toBe(4000);
    // Two reads at most before the agent rests, for a millisecond: images/agent/repl_agent/terminal.py.
    expect(talk.output.length - frames).toBeLessThan(3 * (performance.now() - since) + 100);
  });

  it('gives back the credit of input that an interrupt drops, and runs none of it', async () => {
    const talk = await started();
    talk.type(sleeping);
    await talk.says('go\r\n');
    const lines = Buffer.from('print("gh" + "ost")\r'.repeat(3000));
    talk.input(lines);
    await talk.until(() => talk.owedCredit < lines.length, 'credit for what the PTY took');
    expect(await talk.connection.interrupt()).toBe(true);
    await talk.says('KeyboardInterrupt');
    await talk.says(prompt);
    expect(talk.owedCredit).toBe(0);
    expect(await talk.answer('6 * 7')).toBe('42');
    expect(talk.text).not.toContain('\nghost');
  });

  it('gives back the credit of input that a signal drops', async () => {
    const talk = await started();
    talk.type(sleeping);
    await talk.says('go\r\n');
    const lines = Buffer.from('1\r'.repeat(20_000));
    talk.input(lines);
    await talk.until(() => talk.owedCredit < lines.length, 'credit for what the PTY took');
    await talk.connection.signal('SIGINT');
    await talk.until(() => talk.owedCredit === 0, 'the rest of the credit');
    await talk.says('KeyboardInterrupt');
  });

  it('lets a typed interrupt overtake input that is queued in the agent', async () => {
    const talk = await started();
    talk.type(sleeping);
    await talk.says('go\r\n');
    const lines = Buffer.from('print("gh" + "ost")\r'.repeat(3000) + '\x03');
    talk.input(lines.subarray(0, -1));
    talk.input(lines.subarray(-1));
    await talk.says('KeyboardInterrupt');
    await talk.until(() => talk.owedCredit === 0, 'the rest of the credit');
    await talk.says(prompt);
    expect(await talk.answer('6 * 7')).toBe('42');
    expect(talk.text).not.toContain('\nghost');
  });

  it('does not interrupt where the program has taken the character for itself', async () => {
    const talk = await started();
    talk.type('import tty, sys; tty.setraw(0); print("raw"); got = sys.stdin.buffer.raw.read(1)');
    await talk.says('raw\n');
    expect(await talk.connection.interrupt()).toBe(false);
    talk.connection.writeInput(Buffer.from('\x03'));
    await talk.says(prompt);
    talk.connection.writeInput(Buffer.from('got\n'));
    await talk.says("b'\\x03'");
  });

  it('resizes', async () => {
    const talk = await started();
    await talk.connection.resize(133, 47);
    expect(await talk.answer('import os; tuple(os.get_terminal_size())')).toBe('(133, 47)');
  });

  it.each([
    ['exit()', { outcome: 'ok', exit_code: 0, signal: null }],
    ['import os; os._exit(3)', { outcome: 'runtime_error', exit_code: 3, signal: null }],
    ['import os; os.system("kill -9 -1")', { outcome: 'signal', exit_code: null, signal: 'SIGKILL' }],
    ['import os; os.kill(os.getpid(), 15)', { outcome: 'signal', exit_code: null, signal: 'SIGTERM' }],
  ])('tells how %s ended it, after its last byte', async (line, exit) => {
    const talk = await started();
    talk.type(line);
    await talk.until(() => talk.exits.length > 0, 'exit');
    expect(talk.exits).toEqual([{ exit, offset: Buffer.byteLength(talk.text) }]);
    expect(await processes(talk)).toBe(0);
  });

  it('tells the end of a REPL whose background job keeps the terminal open', async () => {
    const talk = await started();
    await talk.answer('import subprocess; job = subprocess.Popen(["sleep", "1000"])');
    talk.type('exit()');
    await talk.until(() => talk.exits.length > 0, 'exit');
    expect(await processes(talk)).toBe(0);
  });

  it('goes on without work for itself when the REPL closes its own terminal', async () => {
    const talk = await started();
    talk.type('import os, time; [os.close(n) for n in (0, 1, 2)]; time.sleep(1000)');
    const ticks = async (): Promise<number> => {
      const { stdout } = await run(talk, ['cat', '/proc/1/stat']);
      const fields = stdout.slice(stdout.lastIndexOf(')') + 2).split(' ');
      return Number(fields[11]) + Number(fields[12]);
    };
    const before = await ticks();
    await run(talk, ['sleep', '1.5']);
    expect((await ticks()) - before).toBeLessThan(40);
  });

  it('sets TERM and COLORTERM', async () => {
    const talk = await started();
    expect(await talk.answer('import os; os.environ["TERM"], os.environ["COLORTERM"]')).toBe(
      "('xterm-256color', 'truecolor')",
    );
  });

  it('reaps orphans', async () => {
    const talk = await started();
    await talk.answer('import os; os.system("for n in 1 2 3 4 5; do (true &) ; done")');
    const look = 'while grep -hqs "^State:.Z" /proc/[0-9]*/status; do sleep 0.01; done';
    expect(await within('reaped orphans', run(talk, ['sh', '-c', look]))).toMatchObject({ exit_code: 0 });
  });

  it('reads the PTY no further than it may, and loses nothing by it', async () => {
    const talk = await started();
    const from = Buffer.byteLength(talk.text);
    talk.connection.setFlow(BigInt(from + 20_000), 0);
    talk.type('for n in range(20000): print(n)\r');
    await talk.until(() => Buffer.byteLength(talk.text) === from + 20_000, 'the allowed output');
    await run(talk, ['sleep', '0.2']);
    expect(Buffer.byteLength(talk.text)).toBe(from + 20_000);
    talk.flow();
    const said = await talk.says(`19999\r\n${prompt}`);
    expect(said.match(/^\d+\r$/gm)?.map(Number)).toEqual(Array.from({ length: 20_000 }, (_, at) => at));
  });
});

describe('the agent and a restart', () => {
  it('keeps the files, and nothing else', async () => {
    const talk = await started({ files: await writeArchive([file('kept', 'k')]), startup: 'x = 1' });
    await talk.answer('import subprocess; job = subprocess.Popen(["sleep", "1000"])');
    const { offset } = await talk.connection.restart(plainStart);
    await talk.says(prompt);
    expect(offset).toBeGreaterThan(0);
    expect(await talk.answer('open("kept").read(), "x" in globals()')).toBe("('k', False)");
    expect(await processes(talk)).toBe(1);
  });

  it('replaces the files by those given', async () => {
    const talk = await started({ files: await writeArchive([file('old/one', '1'), file('two', '2')]) });
    await talk.connection.restart({ ...plainStart, files: await writeArchive([file('new', 'n')]), startup: 'y = 2' });
    await talk.says(prompt);
    expect(await talk.answer('import os; os.listdir(), y')).toBe("(['new'], 2)");
  });

  it('replaces files in folders that the user has locked', async () => {
    const talk = await started();
    await talk.answer(
      'import os; os.makedirs("a/b"); open("a/b/c", "w").close(); os.chmod("a/b", 0); os.chmod("a", 0)',
    );
    await talk.connection.restart({ ...plainStart, files: await writeArchive([file('new', 'n')]) });
    await talk.says(prompt);
    expect(await talk.answer('import os; os.listdir()')).toBe("['new']");
  });

  it('comes after an exit, with the offsets going on', async () => {
    const talk = await started();
    talk.type('exit()');
    await talk.until(() => talk.exits.length > 0, 'exit');
    const { offset } = await talk.connection.restart(plainStart);
    await talk.says(prompt);
    // Between them the terminal is put in order.
    expect(offset).toBeGreaterThan(talk.exits[0]?.offset ?? Infinity);
    expect(await talk.answer('1 + 1')).toBe('2');
  });

  it('gives the next REPL a terminal in order, at the start of a line', async () => {
    const talk = await started();
    talk.type('print("\\x1b[?1049h\\x1b[31m", end="mess")');
    await talk.says('\x1b[31mmess');
    await talk.says(prompt);
    await talk.connection.restart(plainStart);
    expect(await talk.says(prompt)).toContain('\x1b[?1047l\x1b[!p');
    expect(talk.text).toMatch(/\r\nPython 3[^\n]*\r\n/);
    expect(talk.text).not.toMatch(/[^\n]Python 3\S+ \(main/);
  });

  it('tells the end of the old REPL when the new one cannot come', async () => {
    const talk = await started();
    const half = (await writeArchive([file('a', 'x'.repeat(2000))])).subarray(0, 1024);
    await expect(talk.connection.restart({ ...plainStart, files: half })).rejects.toMatchObject({
      code: 'archive_invalid',
    });
    await talk.until(() => talk.exits.length > 0, 'exit');
    expect(talk.exits[0]?.exit).toMatchObject({ outcome: 'signal', signal: 'SIGKILL' });
    await talk.connection.restart(plainStart);
    await talk.says(prompt);
  });
});

describe('the agent and other programs', () => {
  it('feeds standard input and gives both outputs and the exit code', async () => {
    const talk = await started();
    const stdin = Buffer.alloc(1_000_000, 'abc\n');
    const ran = await run(talk, ['sh', '-c', 'wc -c; echo oops >&2; exit 7'], { stdin });
    expect(ran).toEqual({ stdout: '1000000\n', stderr: 'oops\n', exit_code: 7, signal: null });
  });

  it('gives an empty standard input where there is none', async () => {
    expect(await run(await started(), ['cat'])).toMatchObject({ stdout: '', exit_code: 0 });
  });

  it('hands over large output whole', async () => {
    const talk = await started();
    const { stdout } = await run(talk, ['sh', '-c', 'seq 1 200000']);
    expect(stdout).toBe(Array.from({ length: 200_000 }, (_, at) => `${at + 1}\n`).join(''));
  });

  it('kills upon an abort', async () => {
    const talk = await started();
    const abort = new AbortController();
    const running = run(talk, ['sh', '-c', 'echo up; sleep 1000'], { signal: abort.signal });
    await run(talk, ['true']);
    abort.abort();
    expect(await within('end', running)).toMatchObject({ exit_code: null, signal: 'SIGKILL' });
  });

  it.each(['sleep 1000 & echo up', 'setsid sleep 1000 & echo up', 'setsid sleep 1000 & echo up; sleep 1000'])(
    'ends %s upon an abort, though a job holds the pipes',
    async (script) => {
      const talk = await started();
      const abort = new AbortController();
      const onStdout = (): void => {
        abort.abort();
      };
      const running = run(talk, ['sh', '-c', script], { signal: abort.signal, onStdout });
      expect(await within('end', running)).toMatchObject({ stdout: 'up\n' });
    },
  );

  it('says why a program cannot be started', async () => {
    const talk = await started();
    await expect(run(talk, ['no-such-program'])).rejects.toMatchObject({ code: 'not_found' });
    await expect(run(talk, ['/sandbox'])).rejects.toMatchObject({
      code: 'start_failed',
      message: '/sandbox: Permission denied',
    });
  });

  it('packs what was unpacked', async () => {
    const entries: WorkspaceEntry[] = [
      { type: 'directory', path: 'a' },
      file('a/ü-long-'.padEnd(180, 'n'), 'x'.repeat(70_000)),
      { type: 'file', path: 'a/run.sh', executable: true, content: Buffer.from('#!/bin/sh\n') },
      { type: 'symlink', path: 'a/way', target: 'run.sh' },
      file('empty', ''),
    ];
    const talk = await started({ files: await writeArchive(entries) });
    const byPath = (one: WorkspaceEntry, other: WorkspaceEntry): number => (one.path < other.path ? -1 : 1);
    expect((await packed(talk)).sort(byPath)).toEqual(entries.sort(byPath));
  });

  it('packs around folders and files that cannot be read', async () => {
    const talk = await started({ files: await writeArchive([file('a/b', '1'), file('c', '2'), file('d', '3')]) });
    await talk.answer('import os; os.chmod("a", 0); os.chmod("c", 0); os.mkfifo("pipe")');
    expect((await packed(talk)).map(({ path }) => path)).toEqual(['a', 'd']);
  });
});

describe("the agent's lease", () => {
  it('is held against another name until it is released', async () => {
    const talk = await started();
    await expect(talk.sync('b', false)).rejects.toMatchObject({ context: { holder: 'a' } });
    await talk.connection.release();
    expect(await talk.sync('b', false)).toMatchObject({ state: 'running' });
  });

  it('is renewed by its holder in the middle of a flood, whose log goes on without a gap', async () => {
    const talk = await started();
    talk.connection.setFlow(BigInt(Buffer.byteLength(talk.text) + 200_000), 0);
    talk.type('for n in range(40000): print(n)\r');
    await talk.until(() => talk.text.length > 100_000, 'flood');
    const { start, end } = await talk.sync('a', false);
    const first = talk.output.length;
    talk.flow();
    await talk.says(`39999\r\n${prompt}`);
    const later = talk.output.slice(first);
    expect(later[0]?.offset).toBe(start);
    expect(end).toBeGreaterThan(start);
    let at = start;
    for (const { offset, data } of later) {
      expect(offset).toBe(at);
      at += data.length;
    }
    const text = Buffer.concat(later.map(({ data }) => data)).toString();
    const numbers = text.match(/^\d+\r$/gm)?.map(Number) ?? [];
    expect(numbers.slice(-39_000)).toEqual(Array.from({ length: 39_000 }, (_, index) => index + 1_000));
  });

  it('is kept through half a frame that a runner left behind', async () => {
    const talk = await started();
    const frame = encodeFrame(frameTypes.data, Buffer.alloc(4), Buffer.from('import os; os._exit(9)\r'));
    talk.agent.stream.write(frame.subarray(0, 20));
    expect(await talk.sync('a', false)).toMatchObject({ state: 'running' });
    talk.flow();
    await talk.says(prompt);
    expect(await talk.answer('1 + 1')).toBe('2');
  });

  it('ends with the sandbox when no runner speaks', async () => {
    const talk = conversation({ orphanSeconds: 1 });
    expect(await within('end', talk.agent.ended)).toBe(0);
  });

  it('ends with the stream', async () => {
    const talk = await started();
    talk.agent.stream.end();
    expect(await within('end', talk.agent.ended)).toBe(0);
  });

  it('is offered by beacons while nobody holds it', async () => {
    const talk = await started();
    const beacon = encodeFrame(frameTypes.unheld);
    const twice = new Promise<void>((resolve) => {
      let beacons = 0;
      talk.agent.stream.on('data', (chunk: Buffer) => {
        for (let at = chunk.indexOf(beacon); at >= 0; at = chunk.indexOf(beacon, at + 1)) beacons += 1;
        if (beacons >= 2) resolve();
      });
    });
    await talk.connection.release();
    await within('beacons', twice);
  });
});
