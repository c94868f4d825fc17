/** The Docker driver with the real daemon: what holds inside a sandbox, and that nothing is left behind. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Docker from 'dockerode';
import { Catalogue } from '../../src/language/catalogue.js';
import type { Language } from '../../src/language/language.js';
import { DockerDriver } from '../../src/sandbox/docker/docker-driver.js';
import { defaultLimits, type Limits } from '../../src/sandbox/limits.js';
import type { Sandbox, SandboxSpec } from '../../src/sandbox/sandbox.js';
import { CuttableSocket } from '../support/cuttable-socket.js';
import { describeWhere } from '../support/describe-where.js';
import { imageTag, testDeployment } from '../support/grounds.js';

const imagesFolder = 'images';
const tag = imageTag('trixie');
const onDocker = describeWhere(tag !== '');
const replica = `test-${randomUUID().slice(0, 8)}`;
const docker = new Docker();
const never = new AbortController().signal;

const pythonThat = (program: string) => () => ['python3', '-I', '-S', '-u', '-c', program];
const runsItsInput = pythonThat('import sys; exec(sys.stdin.readline())');
const echoes = pythonThat(
  'import os\nwhile True:\n  piece = os.read(0, 65536)\n  if not piece: break\n  while piece: piece = piece[os.write(1, piece):]',
);

async function ownContainers(): Promise<Docker.ContainerInfo[]> {
  return docker.listContainers({ all: true, filters: { label: [`repl_runner.replica=${replica}`] } });
}

onDocker('DockerDriver', () => {
  let language: Language;
  const drivers: DockerDriver[] = [];

  async function driverWith(options: Partial<ConstructorParameters<typeof DockerDriver>[0]> = {}) {
    const driver = new DockerDriver({
      imagesFolder,
      seccompProfile: null,
      runtime: null,
      deployment: testDeployment,
      ...options,
    });
    drivers.push(driver);
    await driver.prepare([language]);
    return driver;
  }

  function spec(limits: Partial<Limits> = {}): SandboxSpec {
    const identity = { sessionId: `${replica}.${randomUUID()}`, viewId: randomUUID(), replica };
    return { identity, language, limits: { ...defaultLimits, ...limits }, orphanSeconds: 60 };
  }

  async function run(driver: DockerDriver, program: string, limits: Partial<Limits> = {}): Promise<string> {
    const sandbox = await driver.create(spec(limits), never);
    sandbox.stream.write(`${program}\n`);
    const output = await text(sandbox.stream);
    const end = await sandbox.ended;
    await sandbox.destroy();
    return `${output}${end.reason}`;
  }

  beforeAll(async () => {
    language = (await Catalogue.load({ imagesFolder, imageTag: tag })).get('python');
  });

  afterAll(async () => {
    await Promise.all(drivers.map((driver) => driver.close()));
    expect(await ownContainers()).toEqual([]);
  });

  describe('inside a sandbox', () => {
    const seen = async (program: string, limits: Partial<Limits> = {}) =>
      run(await driverWith({ command: runsItsInput }), program, limits);

    it('is cyber-dojo’s sandbox user with no capability and no new privileges', async () => {
      const output = await seen('print(__import__("os").getresuid(), open("/proc/self/status").read())');
      expect(output).toContain('(41966, 41966, 41966)');
      expect(output).toMatch(/CapEff:\s+0000000000000000/);
      expect(output).toMatch(/CapBnd:\s+0000000000000000/);
      expect(output).toMatch(/NoNewPrivs:\s+1/);
      expect(output).toMatch(/Seccomp:\s+2/);
    });

    it('has no network but loopback', async () => {
      expect(await seen('print([name for _, name in __import__("socket").if_nameindex()])')).toContain("['lo']");
    });

    it('has a read-only root and workspaces with bounds on bytes and files', async () => {
      const program =
        'import os; [print(p, os.statvfs(p).f_blocks * os.statvfs(p).f_frsize, os.statvfs(p).f_files, os.access(p, os.W_OK))' +
        ' for p in ("/sandbox", "/tmp", "/etc", "/opt/repl_runner")]';
      const output = await seen(program, { diskBytes: 8 * 1024 * 1024, inodes: 100 });
      expect(output).toContain('/sandbox 8388608 100 True');
      expect(output).toContain('/tmp 8388608 100 True');
      expect(output).toMatch(/\/etc \d+ \d+ False/);
      expect(output).toMatch(/\/opt\/repl_runner \d+ \d+ False/);
    });

    it('sees only the variables of the allow-list', async () => {
      const output = await seen('print(sorted(__import__("os").environ))');
      const names = "['HOME', 'HOSTNAME', 'LANG', 'LOGNAME', 'PATH', 'USER']";
      expect(output).toContain(names);
    });

    it('has semaphores, a name and a home', async () => {
      const output = await seen(
        'import multiprocessing, getpass, os; multiprocessing.Lock(); print(getpass.getuser(), os.path.expanduser("~"))',
      );
      expect(output).toContain('sandbox /tmp/home');
    });

    it('ends with its exit code when its memory is used up', async () => {
      const output = await seen('x = bytearray(10**9); print("survived")', { memoryBytes: 64 * 1024 * 1024 });
      expect(output).toBe('exit code 137');
    });
  });

  describe('its stream', () => {
    it('carries megabytes both ways unchanged', async () => {
      const sandbox = await (await driverWith({ command: echoes })).create(spec(), never);
      const sent = Buffer.alloc(8 * 1024 * 1024, '0123456789abcdef\x10\x11\x00\xff', 'latin1');
      sandbox.stream.write(sent);
      const got: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of sandbox.stream as AsyncIterable<Buffer>) {
        got.push(chunk);
        bytes += chunk.length;
        if (bytes >= sent.length) break;
      }
      expect(Buffer.concat(got).equals(sent)).toBe(true);
      await sandbox.destroy();
    });

    it('keeps the last words of the agent for the reason of its end', async () => {
      const driver = await driverWith({ command: pythonThat('raise SystemExit("I cannot go on")') });
      const sandbox = await driver.create(spec(), never);
      sandbox.stream.resume();
      const end = await sandbox.ended;
      expect(end).toEqual({
        exitCode: 1,
        outOfMemory: false,
        reason: "exit code 1; the agent's last words: I cannot go on",
      });
      await sandbox.destroy();
    });
  });

  describe('destroy', () => {
    it('leaves nothing behind within seconds, though a flood is not read, and may be called again', async () => {
      const driver = await driverWith({ command: pythonThat('while True: print("y" * 999)') });
      const sandbox = await driver.create(spec(), never);
      await once(sandbox.stream, 'readable');
      const startedAt = performance.now();
      await Promise.all([sandbox.destroy(), sandbox.destroy()]);
      // A removal that waits for the stalled reader takes twelve.
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect(await ownContainers()).toEqual([]);
      expect((await sandbox.ended).reason).toContain('destroyed by the runner');
      await sandbox.destroy();
    });
  });

  describe('an aborted create', () => {
    it('leaves nothing behind, whenever the abort comes', async () => {
      const driver = await driverWith({ command: echoes });
      const attempts = [0, 1, 2, 4, 8, 16, 32, 64].map(async (turns) => {
        const abort = new AbortController();
        const creating = driver.create(spec(), abort.signal);
        creating.catch(() => undefined);
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        abort.abort();
        await expect(creating).rejects.toMatchObject({ code: 'sandbox_failed' });
      });
      await Promise.all(attempts);
      expect(await ownContainers()).toEqual([]);
    });

    it('between create and start leaves nothing behind', async () => {
      const abort = new AbortController();
      // Asked for between the two: the agent's argv is needed for the first, and the second comes a round trip later.
      const command = () => (
        setImmediate(() => {
          abort.abort();
        }),
        ['python3']
      );
      const driver = await driverWith({ command });
      await expect(driver.create(spec(), abort.signal)).rejects.toMatchObject({ code: 'sandbox_failed' });
      expect(await ownContainers()).toEqual([]);
    });
  });

  describe('a sandbox of an earlier runner', () => {
    let sandbox: Sandbox;
    let earlier: SandboxSpec;
    beforeAll(async () => {
      earlier = spec({ processes: 77 });
      sandbox = await (await driverWith({ command: echoes })).create(earlier, never);
    });

    async function find(driver: DockerDriver) {
      const found = (await driver.list()).filter(({ spec: { identity } }) => identity.replica === replica);
      const [one] = found;
      if (one === undefined || found.length !== 1) throw new Error(`found ${found.length} sandboxes`);
      return one;
    }

    it('is found with its whole spec', async () => {
      const found = await find(await driverWith());
      expect(found.spec).toEqual(earlier);
      expect(Math.abs(found.createdAt.getTime() - Date.now())).toBeLessThan(60_000);
    });

    it('is not found from another deployment', async () => {
      const stranger = await driverWith({ deployment: `${testDeployment}-other` });
      expect(await stranger.list()).toEqual([]);
    });

    it('is heard without being held', async () => {
      const found = await find(await driverWith());
      const listening = await found.listen(never);
      sandbox.stream.write('hello');
      const heard: string[] = [];
      for await (const piece of listening) {
        heard.push(String(piece));
        if (heard.join('') === 'hello') listening.close();
      }
      expect(heard.join('')).toBe('hello');
      expect(String((await once(sandbox.stream, 'data'))[0])).toBe('hello');
    });

    it('is taken up again, talks on, and its end is noticed', async () => {
      sandbox.stream.destroy();
      const again = await (await find(await driverWith())).reattach(never);
      again.stream.write('still there');
      expect(String((await once(again.stream, 'data'))[0])).toBe('still there');
      await docker.getContainer(`repl_${earlier.identity.sessionId.split('.')[1] ?? ''}`).kill();
      expect((await again.ended).exitCode).toBe(137);
      await again.destroy();
      await sandbox.destroy();
    });

    it('of a language that is not served is listed, refuses to be taken up, and can be destroyed', async () => {
      const foreign = { ...spec(), language: { ...language, name: 'cobol' } };
      await (await driverWith({ command: echoes })).create(foreign, never);
      const found = await find(await driverWith());
      await expect(found.reattach(never)).rejects.toThrow('cobol');
      await found.destroy();
      expect(await ownContainers()).toEqual([]);
    });
  });

  describe('a daemon that stops', () => {
    it('ends the streams with a reason, and refuses what comes after as retryable', async () => {
      const way = new CuttableSocket();
      await way.open();
      const refused = { code: 'driver_unavailable', retryable: true };
      try {
        const driver = await driverWith({ command: echoes, socketPath: way.path });
        const sandbox = await driver.create(spec(), never);
        way.cut();
        expect((await sandbox.ended).exitCode).toBeNull();
        await expect(driver.create(spec(), never)).rejects.toMatchObject(refused);
        await expect(sandbox.destroy()).rejects.toMatchObject(refused);
      } finally {
        way.remove();
      }
      for (const { Id } of await ownContainers()) await docker.getContainer(Id).remove({ force: true, v: true });
    });
  });

  describe('prepare', () => {
    const prepare = (options: { image?: string; runtime?: string; socketPath?: string }) => {
      const { image = language.image, runtime = null, ...rest } = options;
      const driver = new DockerDriver({
        imagesFolder,
        seccompProfile: null,
        runtime,
        deployment: testDeployment,
        ...rest,
      });
      drivers.push(driver);
      return driver.prepare([{ ...language, image }]);
    };

    it.each([
      ['an image is missing', { image: 'repl_runner/none:none' }, 'npm run images -- python'],
      ['a runtime is not configured', { runtime: 'no-such-runtime' }, 'no-such-runtime'],
      ['no daemon answers', { socketPath: '/nowhere/docker.sock' }, 'ENOENT'],
    ])('names the remedy when %s', async (_name, options, words) => {
      const preparing = prepare(options);
      await expect(preparing).rejects.toMatchObject({ code: 'driver_unavailable' });
      await expect(preparing).rejects.toThrow(words);
    });

    it('refuses an image that was built from other files', async () => {
      await expect(prepare({ image: 'repl_runner/base:trixie' })).rejects.toThrow('other files');
    });
  });
});
