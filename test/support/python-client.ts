/**
 * The Python client in the Debian that scripts/python-client-root.mjs has made: its cases, what became of them, and what
 * mypy says. The root and the sources are read-only there; the host's network is its own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PythonCase {
  readonly case: string;
  readonly outcome: 'collected' | 'passed' | 'failed' | 'skipped';
  readonly why: string;
}

const rootfs = process.env.REPL_TEST_ROOTFS_PYTHON_CLIENT ?? '';
const sources = fileURLToPath(new URL('../../client/python', import.meta.url));
/** Kept, since mypy takes most of a minute without what it knows of httpx and pydantic. */
const mypyCache = fileURLToPath(new URL('../../.cache/mypy-python-client', import.meta.url));
const support = fileURLToPath(new URL('.', import.meta.url));

export const hasPythonClientRoot = existsSync('/usr/bin/bwrap') && existsSync(join(rootfs, 'usr/bin/mypy'));

/** The cases that pytest finds, told of a folder that cannot be collected as failed ones. */
export function collectCases(): PythonCase[] {
  return withReport((folder) => {
    const [bwrap, ...args] = inRoot(folder, {}, ['pytest', '--collect-only', '-q', '-p', 'pytest_report']);
    const { stdout, stderr } = spawnSync(bwrap, args, { encoding: 'utf8' });
    return readReport(folder, `${stdout}${stderr}`);
  });
}

/** Runs all cases; resolves to what became of each. */
export async function runCases(env: Readonly<Record<string, string>>): Promise<PythonCase[]> {
  return await withReportAsync(async (folder) => {
    const { output } = await inRootAsync(folder, env, ['pytest', '-q', '-p', 'pytest_report']);
    return readReport(folder, output);
  });
}

/** What the first program of its README prints, with these arguments for the client. */
export async function runReadme(clientArguments: string): Promise<string> {
  const [, program = ''] =
    /```python\n(# first\.py\n.*?)```/s.exec(readFileSync(join(sources, 'README.md'), 'utf8')) ?? [];
  return await withReportAsync(async (folder) => {
    writeFileSync(join(folder, 'first.py'), program.replace('"http://127.0.0.1:4657"', clientArguments));
    const { output } = await inRootAsync(folder, { PYTHONPATH: '/srv/src' }, ['python3', '/media/first.py']);
    return output.trim();
  });
}

export async function checkTypes(): Promise<{ output: string; code: number | null }> {
  return await withReportAsync((folder) => inRootAsync(folder, {}, ['mypy', '--no-error-summary']));
}

function inRoot(
  folder: string,
  env: Readonly<Record<string, string>>,
  command: readonly string[],
): [string, ...string[]] {
  const variables = {
    ...{ PATH: '/usr/bin:/bin', HOME: '/tmp', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' },
    ...{ PYTHONPATH: '/opt', PYTEST_REPORT: '/media/report', MYPY_CACHE_DIR: '/mnt' },
    ...env,
  };
  return [
    'bwrap',
    ...['--ro-bind', rootfs, '/', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
    ...[
      '--ro-bind',
      sources,
      '/srv',
      '--ro-bind',
      support,
      '/opt',
      '--bind',
      folder,
      '/media',
      '--bind',
      mypyCache,
      '/mnt',
    ],
    ...['--chdir', '/srv'],
    ...['--unshare-user', '--unshare-ipc', '--unshare-pid', '--die-with-parent', '--clearenv'],
    ...Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]),
    ...command,
  ];
}

async function inRootAsync(
  folder: string,
  env: Readonly<Record<string, string>>,
  command: readonly string[],
): Promise<{ output: string; code: number | null }> {
  const [bwrap, ...args] = inRoot(folder, env, command);
  const child = spawn(bwrap, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => (output += piece));
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { output, code };
}

/** A case that fails in its preparation and its end has two lines; the first that is bad counts. */
function readReport(folder: string, output: string): PythonCase[] {
  const lines = readFileSync(join(folder, 'report'), 'utf8').trim().split('\n');
  const cases = new Map<string, PythonCase>();
  for (const line of lines.filter((text) => text !== '')) {
    const told = JSON.parse(line) as PythonCase;
    if ((cases.get(told.case)?.outcome ?? 'passed') === 'passed') cases.set(told.case, told);
  }
  return cases.size > 0 ? [...cases.values()] : [{ case: 'pytest', outcome: 'failed', why: output }];
}

function newFolder(): string {
  mkdirSync(mypyCache, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'python-client-'));
  writeFileSync(join(folder, 'report'), '');
  return folder;
}

function withReport<T>(work: (folder: string) => T): T {
  const folder = newFolder();
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function withReportAsync<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = newFolder();
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
