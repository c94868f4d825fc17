/** What every driver promises of a sandbox: one suite, each driver, each Python. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createWarmSandbox, type WarmSandbox } from '../../src/pool/warm-sandbox.js';
import type { Language } from '../../src/language/language.js';
import type { Limits } from '../../src/sandbox/limits.js';
import { proveWalls } from '../../src/sandbox/prove-walls.js';
import type { SandboxDriver } from '../../src/sandbox/sandbox.js';
import { describeOnEach, describeWhere } from '../support/describe-where.js';
import { grounds, type Ground } from '../support/grounds.js';
import { GuardProcess, guardSettings } from '../support/guard-process.js';
import { imagesFolder, loadPython, makeDriver, specFor } from '../support/make-driver.js';

const never = new AbortController().signal;

/** Open descriptors of this process, by what they are. */
function descriptors(): string[] {
  return readdirSync('/proc/self/fd');
}

async function runInside(warm: WarmSandbox, code: string): Promise<string> {
  let output = '';
  const collect = (data: Buffer): void => {
    output += data.toString();
  };
  const argv = ['python3', '-I', '-c', code];
  await warm.connection.spawn({ argv, env: {}, stdin: null, onStdout: collect, onStderr: collect }, never);
  return output;
}

function contract(ground: Ground, { guarded = false } = {}): void {
  let guard: GuardProcess | null = null;
  let driver: SandboxDriver;
  let language: Language;
  const made: WarmSandbox[] = [];

  async function make(limits: Partial<Limits> = {}): Promise<WarmSandbox> {
    const warm = await createWarmSandbox(driver, specFor(language, limits), { resumeGraceSeconds: 60 }, never);
    made.push(warm);
    return warm;
  }

  beforeAll(async () => {
    language = await loadPython(ground);
    if (guarded) guard = await GuardProcess.start(guardSettings(ground));
    driver = makeDriver(ground, guard?.socketPath);
    await driver.prepare([language]);
  });

  afterAll(async () => {
    for (const { connection, sandbox } of made) {
      connection.close('the suite is over');
      await sandbox.destroy();
    }
    const left = await driver.list();
    await driver.close();
    await guard?.stop();
    expect(
      left.filter(({ spec }) =>
        made.some(({ sandbox }) => sandbox.spec.identity.sessionId === spec.identity.sessionId),
      ),
    ).toEqual([]);
  });

  it('proves every wall, apart from what it says it cannot give', async () => {
    const warm = await make();
    const accepted = driver.knownWeaknesses().map(({ name }) => name);
    const program = join(imagesFolder, 'agent', 'self_check.py');
    const { spec } = warm.sandbox;
    const verdict = await proveWalls({ connection: warm.connection, spec, program, accepted });
    expect(verdict.refused).toEqual([]);
  });

  it('gives the sandbox the limits that were asked for', async () => {
    const warm = await make({ memoryBytes: 100 * 1024 * 1024, diskBytes: 20 * 1024 * 1024 });
    const filled = await runInside(warm, 'open("/sandbox/big", "wb").write(bytes(30 << 20))');
    expect(filled).toContain('No space left on device');
    const hog = await runInside(warm, 'x = b"x" * (200 << 20); print("had", "it all")');
    expect(hog).not.toContain('had it all');
    expect(await runInside(warm, 'print("still there")')).toContain('still there');
  });

  it('resolves `ended` when the sandbox ends by itself, and destroy is idempotent', async () => {
    const warm = await make();
    await warm.connection.release();
    await warm.sandbox.destroy();
    await warm.sandbox.destroy();
    const end = await warm.sandbox.ended;
    expect(typeof end.reason).toBe('string');
  });

  it('leaves nothing behind when creating is aborted at any moment', async () => {
    for (const after of [0, 1, 5, 20, 60, 150]) {
      const aborter = new AbortController();
      const timer = setTimeout(() => {
        aborter.abort();
      }, after);
      const spec = specFor(language);
      const outcome = await createWarmSandbox(driver, spec, { resumeGraceSeconds: 60 }, aborter.signal).catch(
        () => null,
      );
      clearTimeout(timer);
      if (outcome !== null) {
        outcome.connection.close('too quick for the abort');
        await outcome.sandbox.destroy();
      }
      const left = await driver.list();
      expect(left.map((found) => found.spec.identity.sessionId)).not.toContain(spec.identity.sessionId);
    }
  });

  it('makes eight at once', async () => {
    const eight = await Promise.all(Array.from({ length: 8 }, () => make()));
    const hosts = await Promise.all(eight.map((warm) => runInside(warm, 'import os; print(os.getpid() > 1)')));
    expect(hosts).toEqual(Array.from({ length: 8 }, () => 'True\n'));
  });

  it('leaves no descriptor, process or container behind', async () => {
    const warmUp = await make();
    warmUp.connection.close('warm-up');
    await warmUp.sandbox.destroy();
    const before = descriptors().length;
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
    for (let round = 0; round < 5; round += 1) {
      const warm = await make();
      warm.connection.close('the round is over');
      await warm.sandbox.destroy();
    }
    expect(descriptors().length).toBeLessThanOrEqual(before + 1);
    expect(readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim()).toBe(children);
  });
}

describeOnEach(grounds, 'The driver on', contract);

const behindTheGuard = grounds.find(({ name }) => name === 'docker trixie');
describeWhere(behindTheGuard?.available === true)('The driver on docker trixie through the guard', () => {
  if (behindTheGuard !== undefined) contract(behindTheGuard, { guarded: true });
});
