/** What a session does, the same on every driver and every Python. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeOnEach } from '../support/describe-where.js';
import { endless } from '../support/endless.js';
import { grounds, type Ground } from '../support/grounds.js';
import { RunningService } from '../support/running-service.js';

function contract(ground: Ground): void {
  let runner: RunningService;
  beforeAll(async () => {
    runner = await RunningService.start(ground.env);
  });
  afterAll(async () => {
    await runner.stop();
  });

  it("shows CPython's own banner and prompt, and imports the user's files", async () => {
    const { terminal } = await runner.prompt({ files: { 'hiker.py': 'def answer():\n    return 6 * 7\n' } });
    expect(terminal.text).toMatch(/^Python 3\.\d+\.\d+ .* on linux\r\nType "help"/);
    expect(await terminal.run('import hiker; hiker.answer()')).toContain('42');
    await terminal.close();
  });

  it('gives the first prompt the size that was asked for', async () => {
    const { terminal } = await runner.prompt({ terminal: { cols: 123, rows: 45 } });
    expect(await terminal.run('import os; os.get_terminal_size()')).toContain('columns=123, lines=45');
    await terminal.close();
  });

  it('leaves no trace of how the interpreter waited', async () => {
    const { terminal } = await runner.prompt({ env: { COLOUR: 'blue' }, startup: 'x = 41' });
    expect(await terminal.run('sorted(name for name in globals() if not name.startswith("__"))')).toContain("['x']");
    const environment = await terminal.run('import os; print(sorted(os.environ))');
    expect(environment).toContain("'COLOUR'");
    expect(environment).not.toMatch(/REPL_RUNNER|PYTHONSTARTUP/);
    await terminal.close();
  });

  it('interrupts with Ctrl-C while computing, sleeping and flooding', async () => {
    const { terminal } = await runner.prompt();
    // Each says that it runs, and sleeps are short: a Ctrl-C that comes between two lines of input, or just before the kernel
    // sleeps, is told by CPython at the next line, or when it wakes.
    const sleeping = 'import time; print("slee" + "ping"); [time.sleep(0.1) for i in iter(int, 1)]';
    const flooding = 'while True: print("y" * 70)\r';
    for (const line of [endless, sleeping, flooding]) {
      terminal.type(`${line}\r`);
      await terminal.until(/computing|sleeping|yyyyyyy/);
      terminal.type('\x03');
      await terminal.until(/KeyboardInterrupt.*>>> $/s);
      terminal.type('print("al" + "ive")\r');
      await terminal.until('alive\r\n');
    }
    await terminal.close();
  });

  it('completes names and recalls history', async () => {
    const { terminal } = await runner.prompt();
    await terminal.run('a_rather_long_name = 17');
    expect(await terminal.run('a_rather_long_name')).toContain('17');
    // The cursor key as a terminal sends it in the application mode that Python 3.13 sets.
    terminal.type('\x1bOA');
    await terminal.until('a_rather_long_name');
    terminal.type('\r');
    await terminal.until(/\n\r?17\r\n.*>>> $/s);
    terminal.type('a_rath\t');
    await terminal.until('a_rather_long_name');
    await terminal.close();
  });

  it('shows tracebacks of the user alone', async () => {
    const { terminal } = await runner.prompt({
      files: { 'bad.py': 'def f():\n    return 1 / 0\n' },
      startup: 'import nope',
    });
    expect(terminal.text).toContain('File "<startup>", line 1, in <module>');
    const trace = await terminal.run('import bad; bad.f()');
    expect(trace).toContain('File "/sandbox/bad.py", line 2, in f');
    expect(trace + terminal.text).not.toContain('/opt/repl_runner');
    await terminal.close();
  });

  it('closes a raw socket with 4000 when the REPL exits, and restarts with the files', async () => {
    const { session, terminal } = await runner.prompt({ files: { 'hiker.py': 'answer = 42\n' } });
    terminal.type('exit(3)\r');
    const { code, reason } = await terminal.closed;
    expect({ code, reason: JSON.parse(reason) as unknown }).toEqual({
      code: 4000,
      reason: { reason: 'exited', outcome: 'runtime_error', exit_code: 3, signal: null },
    });
    expect((await runner.call('GET', `/repl/${session.id}`)).body).toMatchObject({ state: 'exited' });
    expect((await runner.call('POST', `/repl/${session.id}/restart`, {})).status).toBeLessThan(300);
    const again = runner.attach(session.websocket);
    await again.until(/ended with exit code 3.*>>> /s);
    expect(await again.run('import hiker; hiker.answer')).toContain('42');
    await again.close();
  });

  it('tells of the end of a REPL whose jobs still hold the terminal, after all that it printed', async () => {
    // As a shell with job control does, and as daemons do.
    for (const apart of ['preexec_fn=os.setpgrp', 'start_new_session=True']) {
      const { session, terminal } = await runner.prompt();
      await terminal.run(`import os, subprocess; job = subprocess.Popen(["sleep", "1000"], ${apart})`);
      terminal.type('print("y" * 50_000 + "la" + "st"); exit(3)\r');
      expect(JSON.parse((await terminal.closed).reason)).toMatchObject({ reason: 'exited', exit_code: 3 });
      expect(terminal.text).toMatch(/y{50000}last\r\n.*ended with exit code 3/s);
      expect((await runner.call('GET', `/repl/${session.id}`)).body).toMatchObject({ state: 'exited' });
    }
  });

  it('resizes and signals by call', async () => {
    const { session, terminal } = await runner.prompt();
    expect((await runner.call('POST', `/repl/${session.id}/resize`, { cols: 99, rows: 33 })).status).toBeLessThan(300);
    expect(await terminal.run('import os; os.get_terminal_size()')).toContain('columns=99, lines=33');
    terminal.type(`${endless}\r`);
    await terminal.until('computing');
    expect((await runner.call('POST', `/repl/${session.id}/signal`, { signal: 'SIGINT' })).status).toBeLessThan(300);
    await terminal.until('KeyboardInterrupt');
    await terminal.close();
  });

  it('takes start-up code of 200 KiB', async () => {
    const { terminal } = await runner.prompt({ startup: `x = len("${'y'.repeat(200 * 1024)}")` });
    expect(await terminal.run('x')).toContain('204800');
    await terminal.close();
  });

  it('starts a new interpreter for variables that one reads at its start', async () => {
    const { terminal } = await runner.prompt({ env: { PYTHONHASHSEED: '0' } });
    expect(await terminal.run('import sys; sys.flags.hash_randomization')).toContain('0');
    await terminal.close();
  });

  it('says in plain words that the memory ran out, and goes on with a restart', async () => {
    const { session, terminal } = await runner.prompt({ files: { 'kept.py': 'x = 5\n' } });
    terminal.type('hog = []\r');
    await terminal.until('>>> ');
    terminal.type('while True: hog.append(bytes(50_000_000).replace(b"\\0", b"x"))\r\r');
    await terminal.until(/out of memory \(\d+ MiB\)|MemoryError/);
    if (terminal.text.includes('MemoryError')) return;
    expect(JSON.parse((await terminal.closed).reason)).toMatchObject({ outcome: 'out_of_memory' });
    await runner.call('POST', `/repl/${session.id}/restart`, {});
    const again = runner.attach(session.websocket);
    await again.until(/out of memory.*>>> /s);
    expect(await again.run('import kept; kept.x')).toContain('5');
    await again.close();
  });

  it('survives kill -9 -1, os._exit and the closing of its own output', async () => {
    const { session, terminal } = await runner.prompt();
    terminal.type('import os; os._exit(7)\r');
    expect(JSON.parse((await terminal.closed).reason)).toMatchObject({ exit_code: 7 });
    await runner.call('POST', `/repl/${session.id}/restart`, {});
    const second = runner.attach(session.websocket);
    await second.until(/exit code 7.*>>> /s);
    second.type('import os; os.system("kill -9 -1")\r');
    expect(JSON.parse((await second.closed).reason)).toMatchObject({ outcome: 'signal', signal: 'SIGKILL' });
    await runner.call('POST', `/repl/${session.id}/restart`, {});
    // A raw one would be closed where the REPL notices before it is restarted.
    const third = runner.attach(session.websocket, { subprotocol: 'repl.v1' });
    await third.until(/SIGKILL.*>>> /s);
    third.type('import os; os.close(0); os.close(1); os.close(2)\r');
    await third.until('close(2)');
    expect((await runner.call('POST', `/repl/${session.id}/restart`, {})).status).toBeLessThan(300);
    await third.until(/close\(2\).*Python 3.*>>> /s);
    expect(await third.run('1 + 1')).toContain('2');
    await third.close();
  });

  it('stands a fork bomb: the neighbour does not notice, the terminal says why, a restart brings the files back', async () => {
    const neighbour = await runner.prompt();
    const { session, terminal } = await runner.prompt({ files: { 'kept.py': 'x = 5\n' } });
    terminal.type('import os\rwhile True: os.fork()\r\r');
    await terminal.until(
      ground.driver === 'docker' ? /process limit reached \(\d+\)/ : /BlockingIOError|process limit/,
    );
    expect(await neighbour.terminal.run('6 * 7')).toContain('42');
    expect((await runner.call('POST', `/repl/${session.id}/restart`, {})).status).toBe(200);
    const again = runner.attach(session.websocket);
    await terminal.closed;
    await again.until('>>> ');
    again.type('import kept; print("kept", kept.x)\r');
    await again.until('kept 5');
    await Promise.all([again.close(), neighbour.terminal.close()]);
  });

  it('keeps sessions apart', async () => {
    const [one, two] = await Promise.all([
      runner.prompt({ files: { 'who.py': 'name = "one"\n' } }),
      runner.prompt({ files: { 'who.py': 'name = "two"\n' } }),
    ]);
    expect(await one.terminal.run('import who, os; who.name, sorted(os.listdir("/sandbox"))[-1]')).toContain(
      "('one', 'who.py')",
    );
    expect(await two.terminal.run('import who, os; who.name, sorted(os.listdir("/sandbox"))[-1]')).toContain(
      "('two', 'who.py')",
    );
    await one.terminal.close();
    await two.terminal.close();
  });

  it('ends with DELETE, and is gone', async () => {
    const { session, terminal } = await runner.prompt();
    expect((await runner.call('DELETE', `/repl/${session.id}`)).status).toBe(204);
    expect((await terminal.closed).code).toBe(4002);
    expect((await runner.call('GET', `/repl/${session.id}`)).status).toBe(410);
    expect((await runner.call('DELETE', `/repl/${session.id}`)).status).toBe(204);
    expect((await runner.attach(session.websocket).closed).code).toBe(4410);
    expect((await runner.attach('/repl/nobody.00000000-0000-4000-8000-000000000000').closed).code).toBe(4404);
  });

  it('resumes a repl.v1 owner at its offset without a gap or a repeat', async () => {
    const session = await runner.startSession();
    const first = runner.attach(session.websocket, { subprotocol: 'repl.v1' });
    const hello = await first.untilMessage('hello');
    await first.until('>>> ');
    first.type('for i in range(20000): print("line", i)\r\r');
    await first.until('line 500\r\n');
    const start = Number(hello.offset);
    const before = first.output;
    await first.close();
    const received = first.output;
    expect(received.length).toBeGreaterThanOrEqual(before.length);
    // `type` cleared what came before it: count from the hello.
    const whole = runner.attach(`${session.websocket}?epoch=${String(hello.epoch)}&offset=${start}`, {
      subprotocol: 'repl.v1',
    });
    let acknowledged = 0;
    whole.socket.on('message', () => {
      if (whole.output.length - acknowledged < 32_768) return;
      acknowledged = whole.output.length;
      whole.control({ type: 'ack', offset: start + acknowledged });
    });
    await whole.until(/line 19999\r\n.*>>> /s);
    const lines = whole.text.match(/^line \d+\r$/gm) ?? [];
    expect(lines).toHaveLength(20_000);
    expect(whole.messages.some((message) => message.type === 'reset')).toBe(false);
    await whole.close();
  });
}

describeOnEach(grounds, 'A session on', contract);
