/** What a runner leaves when it is killed, what the next one makes of it, and runners without root or without descriptors. */
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CgroupHierarchy } from '../../src/sandbox/bubblewrap/cgroup-hierarchy.js';
import { killOrphans } from '../../src/sandbox/bubblewrap/orphans.js';
import { Stage } from '../../src/sandbox/bubblewrap/stage.js';
import { eventually } from '../support/eventually.js';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;

/**
 * A runner in a process of its own: makes three sandboxes, says so, and waits; says so only once their programs run, or
 * destroys them, when told to. One that is to starve takes all descriptors first, and gives them back one by one until a
 * sandbox can be made. Its sandboxes sleep, or have the agent; their command lines hold its pid either way.
 */
const runner = `
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { BubblewrapDriver } from './src/sandbox/bubblewrap/bubblewrap-driver.js';
import { defaultLimits } from './src/sandbox/limits.js';
const [, , imagesFolder, mode] = process.argv;
const mark = '3456.' + process.pid;
const language = { name: 'python', title: '', image: '', repl: [], run: null, env: { MARK: mark }, startupHook: null,
  hostPrograms: [], version: [] };
const sleeper = () => ['sh', '-c', 'echo up; exec sleep ' + mark];
const driver = new BubblewrapDriver({ imagesFolder, ...(mode === 'agents' ? {} : { command: sleeper }) });
await driver.prepare([language]);
const spec = { identity: { sessionId: '', viewId: '', replica: '' }, language, limits: defaultLimits, orphanSeconds: 9 };
if (mode === 'starve') {
  const held = [];
  try {
    for (;;) held.push(openSync('/dev/null'));
  } catch {}
  const outcomes = [];
  while (outcomes.length < 50 && !outcomes.includes('made')) {
    try {
      await (await driver.create(spec, new AbortController().signal)).destroy();
      outcomes.push('made');
    } catch ({ code }) {
      outcomes.push(code);
      closeSync(held.pop());
    }
  }
  held.forEach((fd) => closeSync(fd));
  console.log(JSON.stringify(outcomes));
  await driver.close();
  process.exit(0);
}
const sandboxes = await Promise.all([1, 2, 3].map(() => driver.create(spec, new AbortController().signal)));
if (mode === 'run') await Promise.all(sandboxes.map(({ stream }) => once(stream, 'data')));
console.log(JSON.stringify({ uid: process.getuid(), weak: driver.knownWeaknesses().map(({ name }) => name) }));
if (mode === 'destroy') {
  await Promise.all(sandboxes.map((sandbox) => sandbox.destroy()));
  await driver.close();
  process.exit(0);
}
setInterval(() => undefined, 1000);
`;

async function processesNamed(argument: string): Promise<string[]> {
  const { stdout } = await run('ps', ['-eo', 'pid,args']);
  return stdout.split('\n').filter((line) => line.includes(argument));
}

describe('a bubblewrap runner in its own process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'built-'));
  /** A copy that any user can read, wherever the checkout is. */
  const imagesFolder = join(folder, 'images');

  beforeAll(async () => {
    const tsc = join(process.cwd(), 'node_modules', '.bin', 'tsc');
    await run(tsc, ['--outDir', folder, '--noCheck', '--project', 'tsconfig.build.json']);
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
    writeFileSync(join(folder, 'runner.js'), runner);
    cpSync('images', imagesFolder, { recursive: true });
    cpSync('node_modules/zod', join(folder, 'node_modules', 'zod'), { recursive: true });
    chmodSync(folder, 0o755);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (prefix: readonly string[], mode: string) => {
    const [program, ...args] = [...prefix, process.execPath, 'runner.js', imagesFolder, mode];
    return spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  };

  const killed = async (child: ReturnType<typeof start>): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };

  it('takes its sandboxes with it when it is killed', async () => {
    const child = start([], 'run');
    await once(child.stdout, 'data');
    const mine = `3456.${child.pid}`;
    expect(await processesNamed(mine)).not.toEqual([]);
    await killed(child);
    await eventually('end of its sandboxes', async () => (await processesNamed(mine)).length === 0);
  });

  it('leaves nothing that the next one does not sweep when it is killed as it makes sandboxes', async () => {
    const child = start([], 'agents');
    await once(child.stdout, 'data');
    const mine = `3456.${child.pid}`;
    await killed(child);
    killOrphans();
    await eventually('end of its sandboxes', async () => (await processesNamed(mine)).length === 0);
    await (await CgroupHierarchy.find()).sweep();
    await (await Stage.lay({ imagesFolder, languageNames: [], root: '/' })).remove();
    const left = [tmpdir(), '/sys/fs/cgroup', '/sys/fs/cgroup/pids'].flatMap((path) => {
      try {
        return readdirSync(path);
      } catch {
        return []; // no such hierarchy here
      }
    });
    expect(left.filter((name) => name.startsWith('repl_runner-') && name.includes(`-${child.pid}-`))).toEqual([]);
  });

  it('works without root, and names what it cannot limit there', async () => {
    const child = start(
      isRoot ? ['setpriv', '--reuid', '1000', '--regid', '1000', '--clear-groups', '--'] : [],
      'destroy',
    );
    const exited = once(child, 'exit');
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const told = JSON.parse(line.toString()) as { uid: number; weak: string[] };
    expect(await exited).toEqual([0, null]);
    expect(told.uid).not.toBe(0);
    if (isRoot) expect(told.weak).toEqual(['inodes', 'total-memory', 'cpu']);
    expect(await processesNamed(`3456.${child.pid}`)).toEqual([]);
  });

  it('outlives a want of descriptors, and makes sandboxes again as soon as there are enough', async () => {
    const child = start(['prlimit', '--nofile=1024', '--'], 'starve');
    const exited = once(child, 'exit');
    let told = '';
    child.stdout.on('data', (data: Buffer) => (told += data.toString()));
    expect(await exited).toEqual([0, null]);
    const [last, ...before] = (JSON.parse(told) as string[]).reverse();
    expect(last).toBe('made');
    expect(before.length).toBeGreaterThan(10);
    expect(new Set(before)).toEqual(new Set(['sandbox_failed']));
    expect(await processesNamed(`3456.${child.pid}`)).toEqual([]);
  });
});
