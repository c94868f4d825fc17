/** The bubblewrap driver with the real bwrap: what holds inside a sandbox, and that nothing is left behind. */
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Language } from '../../src/language/language.js';
import { BubblewrapDriver } from '../../src/sandbox/bubblewrap/bubblewrap-driver.js';
import { CgroupHierarchy } from '../../src/sandbox/bubblewrap/cgroup-hierarchy.js';
import { runnerMark } from '../../src/sandbox/bubblewrap/runner-mark.js';
import { defaultLimits, type Limits } from '../../src/sandbox/limits.js';
import type { Sandbox, SandboxSpec } from '../../src/sandbox/sandbox.js';

const imagesFolder = join(process.cwd(), 'images');
const megabyte = 1024 * 1024;
const language: Language = {
  name: 'python',
  title: 'Python',
  image: 'none',
  repl: ['python3'],
  env: {},
  run: null,
  startupHook: null,
  hostPrograms: ['python3'],
  version: ['python3', '--version'],
};

function specWith(limits: Partial<Limits> = {}): SandboxSpec {
  const identity = { sessionId: 'a', viewId: 'b', replica: 'c' };
  return { identity, language, limits: { ...defaultLimits, ...limits }, orphanSeconds: 60 };
}

/** A driver whose sandboxes run Python code read from their stdin. */
const readsItsProgram = () => ['python3', '-I', '-S', '-c', 'import sys; exec(sys.stdin.read())'];

async function runIn(sandbox: Sandbox, code: string) {
  sandbox.stream.end(code);
  const output = await text(sandbox.stream);
  const end = await sandbox.ended;
  await sandbox.destroy();
  return { output: output.trim(), end };
}

const marked = (folder: string) => readdirSync(folder).filter((name) => name.startsWith(runnerMark()));

describe('BubblewrapDriver with an agent that its Python does not take', () => {
  it.each([
    ['agent/broken.py', 'def', /install Python 3\.9.*broken\.py.*SyntaxError/s],
    ['agent/image/compiled.py', 'print("something else")', /install Python 3\.9.*something else/s],
  ])('says so before the first session, and leaves nothing: %s', async (path, content, message) => {
    const folder = mkdtempSync(join(tmpdir(), 'images-'));
    cpSync(imagesFolder, folder, { recursive: true });
    writeFileSync(join(folder, path), content);
    const driver = new BubblewrapDriver({ imagesFolder: folder });
    const refusal = { code: 'driver_unavailable', message: expect.stringMatching(message) };
    await expect(driver.prepare([language])).rejects.toMatchObject(refusal);
    expect(marked(tmpdir())).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

describe.each([
  { setting: 'cgroups where they can be written', cgroups: true },
  { setting: 'rlimits alone', cgroups: false },
])('BubblewrapDriver with $setting', ({ cgroups }) => {
  const driver = new BubblewrapDriver({ imagesFolder, command: readsItsProgram, cgroups });
  const run = async (code: string, limits: Partial<Limits> = {}) =>
    runIn(await driver.create(specWith(limits), new AbortController().signal), code);
  const weak = (name: string) => driver.knownWeaknesses().some((weakness) => weakness.name === name);

  beforeAll(async () => {
    await driver.prepare([language]);
  });
  afterAll(async () => {
    await driver.close();
    expect(marked(tmpdir())).toEqual([]);
    expect(await (await CgroupHierarchy.find()).remaining()).toEqual([]);
  });

  it('runs as the sandbox user, first in its PID namespace, with no privilege', async () => {
    const { output } = await run(`
import os
status = dict(line.split(':\\t', 1) for line in open('/proc/self/status').read().splitlines() if ':\\t' in line)
print(os.getuid(), os.getgid(), os.getgroups(), os.getpid(), os.getcwd(), os.uname().nodename)
print(status['CapEff'], status['CapBnd'], status['NoNewPrivs'], status['Seccomp'])
print(sorted(os.environ), sorted(map(int, os.listdir('/proc/self/fd'))))
`);
    expect(output.split('\n')).toEqual([
      '41966 51966 [] 1 /sandbox repl',
      '0000000000000000 0000000000000000 1 2',
      "['HOME', 'LANG', 'LOGNAME', 'PATH', 'PWD', 'USER'] [0, 1, 2, 3]",
    ]);
  });

  it('is the sandbox user outside as well when the runner is root', async () => {
    const sandbox = await driver.create(specWith(), new AbortController().signal);
    sandbox.stream.write('import time; time.sleep(60)');
    const uids = execFileSync('ps', ['-eo', 'ruid,args'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes('exec(sys.stdin.read())') && !line.includes('sh -c'));
    await sandbox.destroy();
    const expected = process.getuid?.() === 0 ? '41966' : String(process.getuid?.());
    expect(new Set(uids.map((line) => line.trim().split(/\s+/)[0]))).toEqual(new Set([expected]));
  });

  it('is in no process group of the runner, whose terminal interrupts all of them', async () => {
    const sandbox = await driver.create(specWith(), new AbortController().signal);
    const groups = execFileSync('ps', ['-o', 'pid=,pgid=', '--ppid', String(process.pid)], { encoding: 'utf8' });
    const bwrap = groups.split('\n').map((line) => line.trim().split(/\s+/));
    expect(bwrap.filter(([pid, group]) => pid !== undefined && pid === group).length).toBeGreaterThan(0);
    await sandbox.destroy();
  });

  it('shows nothing of the host but programs', async () => {
    const { output } = await run(`
import os, socket
def attempt(call):
    try: return call()
    except OSError as error: return type(error).__name__
print([attempt(lambda: open(path).read()) for path in ('/etc/shadow', '/root', '/home', '/var/run/docker.sock')])
print([attempt(lambda: open(path + '/x', 'w')) for path in ('/', '/usr', '/etc', '/opt', '/dev', '/opt/repl_runner')])
print([line.split(':')[0].strip() for line in open('/proc/net/dev').read().splitlines()[2:]])
print(attempt(lambda: socket.create_connection(('192.0.2.1', 80), 1)))
print(sorted(os.listdir('/')), len(os.openpty()))
`);
    expect(output.split('\n')).toEqual([
      "['FileNotFoundError', 'FileNotFoundError', 'FileNotFoundError', 'FileNotFoundError']",
      "['OSError', 'OSError', 'OSError', 'OSError', 'OSError', 'OSError']",
      "['lo']",
      'OSError',
      expect.stringMatching(/^\['bin', 'dev', 'etc', .*'opt', 'proc', 'sandbox', .*'tmp', 'usr'\] 2$/),
    ]);
  });

  it('shows the agent as its own Python has compiled it', async () => {
    const { output } = await run(`
import importlib.util, pathlib
sources = [str(path) for path in pathlib.Path('/opt/repl_runner').rglob('*.py')]
heads = {open(importlib.util.cache_from_source(source), 'rb').read(8) for source in sources}
print('/opt/repl_runner/repl_agent/main.py' in sources, heads == {importlib.util.MAGIC_NUMBER + bytes([1, 0, 0, 0])})
`);
    expect(output).toBe('True True');
  });

  it('mounts everything nosuid and nodev, and what can be written with a size', async () => {
    const { output } = await run(
      `
import os
for line in open('/proc/self/mountinfo'):
    left, right = line.split(' - ')
    path, flags = left.split()[4:6]
    if 'nosuid' not in flags or ('nodev' not in flags and not path.startswith('/dev/')): print('weak', line)
    if flags.startswith('rw') and path not in ('/proc', '/dev/pts') and right.split()[0] == 'tmpfs':
        print(path, os.statvfs(path).f_blocks * os.statvfs(path).f_frsize)
`,
      { diskBytes: 8 * megabyte },
    );
    const size = 8 * megabyte;
    expect(output.split('\n')).toEqual([`/dev/shm ${size}`, `/sandbox ${size}`, `/tmp ${size}`]);
  });

  it('ends with the reason when memory runs out', async () => {
    const { end } = await run("x = bytearray(200 << 20); print('still here')", { memoryBytes: 64 * megabyte });
    expect(end.exitCode).toBe(weak('total-memory') ? 1 : 137);
    expect(end.outOfMemory).toBe(!weak('total-memory'));
    expect(end.reason).toMatch(weak('total-memory') ? /MemoryError/ : /out of memory/);
  });

  it('stops forks at the limit, in each of two sandboxes on its own', async () => {
    const code = `
import os, signal
pids = []
try:
    while len(pids) < 100:
        pid = os.fork()
        if pid == 0: signal.pause()
        pids.append(pid)
except BlockingIOError: pass
print(len(pids), flush=True)
for pid in pids: os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)
`;
    const outputs = await Promise.all([run(code, { processes: 20 }), run(code, { processes: 20 })]);
    expect(outputs.map(({ output }) => output)).toEqual(['19', '19']);
  });

  it('lets fifty sandboxes live at once', async () => {
    const create = () => driver.create(specWith(), new AbortController().signal);
    const sandboxes = await Promise.all(Array.from({ length: 50 }, create));
    const code = 'import os\nfor _ in range(5):\n  if os.fork() == 0: os._exit(0)\n  os.wait()\nprint("well")';
    const ends = await Promise.all(sandboxes.map((sandbox) => runIn(sandbox, code)));
    expect(new Set(ends.map(({ output, end }) => `${output} ${end.exitCode}`))).toEqual(new Set(['well 0']));
  });

  it('destroys idempotently, with a reader that never read and children that ignore signals', async () => {
    const sandbox = await driver.create(specWith(), new AbortController().signal);
    sandbox.stream.end(`
import os, signal
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
os.fork()
while True: os.write(1, b'x' * 65536)
`);
    await sandbox.destroy();
    await sandbox.destroy();
    expect((await sandbox.ended).reason).toBe('destroyed');
    expect(sandbox.stream.destroyed).toBe(true);
  });

  it('holds a writer back while the sandbox does not read', async () => {
    const sandbox = await driver.create(specWith(), new AbortController().signal);
    const chunk = Buffer.alloc(65536, '#');
    let taken = 0;
    while (taken < 1000 && sandbox.stream.write(chunk)) taken += 1;
    expect(taken).toBeLessThan(1000);
    await sandbox.destroy();
  });

  it('leaves nothing behind when a creation is aborted', async () => {
    const abort = new AbortController();
    const creation = driver.create(specWith(), abort.signal);
    abort.abort(new Error('no longer wanted'));
    await expect(creation).rejects.toThrow('no longer wanted');
    expect(await (await CgroupHierarchy.find()).remaining()).toEqual([]);
  });
});
