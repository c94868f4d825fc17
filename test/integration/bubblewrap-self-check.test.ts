/** images/agent/self_check.py in real bubblewrap sandboxes: under a first process like the agent, and an open one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Language } from '../../src/language/language.js';
import { BubblewrapDriver } from '../../src/sandbox/bubblewrap/bubblewrap-driver.js';
import { defaultLimits } from '../../src/sandbox/limits.js';
import { judgeSelfCheck, selfCheckArgument } from '../../src/sandbox/self-check.js';

const imagesFolder = join(process.cwd(), 'images');
const program = readFileSync(join(imagesFolder, 'agent', 'self_check.py'), 'utf8');
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

/** PID 1 as the agent is: undumpable (unless asked otherwise), every signal at its default, the check as a child's process. */
const firstProcess = (dumpable: 0 | 1) => `
import ctypes, signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
ctypes.CDLL(None).prctl(4, ${dumpable}, 0, 0, 0)
sys.exit(subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL).returncode)
`;

const check = ['python3', '-I', '-c', program, selfCheckArgument(defaultLimits)];

describe.each([{ cgroups: true }, { cgroups: false }])('self_check.py with cgroups $cgroups', ({ cgroups }) => {
  const driverWith = (dumpable: 0 | 1) =>
    new BubblewrapDriver({
      ...{ imagesFolder, cgroups },
      command: () => ['python3', '-I', '-S', '-c', firstProcess(dumpable), ...check],
    });
  const guarded = driverWith(0);
  const unguarded = driverWith(1);
  const judge = async (driver: BubblewrapDriver, accepted: readonly string[]) => {
    const identity = { sessionId: 'a', viewId: 'b', replica: 'c' };
    const spec = { identity, language, limits: defaultLimits, orphanSeconds: 60 };
    const sandbox = await driver.create(spec, new AbortController().signal);
    const output = await text(sandbox.stream);
    const end = await sandbox.ended;
    await sandbox.destroy();
    if (output === '') throw new Error(end.reason);
    return judgeSelfCheck(output, accepted);
  };

  beforeAll(async () => {
    await guarded.prepare([language]);
    await unguarded.prepare([language]);
  });
  afterAll(async () => {
    await guarded.close();
    await unguarded.close();
  });

  it('finds every protection but those that the driver calls weak', async () => {
    const weak = guarded.knownWeaknesses().map(({ name }) => name);
    const verdict = await judge(guarded, weak);
    expect(verdict.refused).toEqual([]);
    expect([...verdict.accepted].sort()).toEqual([...weak].sort());
  });

  it('notices a first process that others can look into', async () => {
    const { refused } = await judge(unguarded, ['inodes', 'total-memory', 'cpu']);
    expect(refused.map(({ name }) => name)).toEqual(['agent']);
  });
});
