/** `npm run doctor` on this very host: its facts are found, its exit code and its JSON can be relied on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The first use of any command builds. */
const firstUseMs = 120_000;

const finding = z.object({
  what: z.string(),
  state: z.enum(['ok', 'note', 'missing']),
  says: z.string(),
  fix: z.string().nullable(),
});
const diagnosis = z.object({
  ok: z.boolean(),
  driver: z.string().nullable(),
  areas: z.record(z.string(), z.array(finding)),
});

describe('npm run doctor', () => {
  let neighbour: Server;
  let takenPort = 0;

  beforeAll(async () => {
    neighbour = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(neighbour, 'listening');
    takenPort = (neighbour.address() as AddressInfo).port;
    // What a first use builds is no part of what is tried here.
    const prepare = spawn('node', ['scripts/lib/prepare.mjs'], {
      cwd: root,
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    await once(prepare, 'close');
  }, firstUseMs);

  afterAll(async () => {
    neighbour.close();
    await once(neighbour, 'close');
  });

  async function doctor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const settings = { NODE_OPTIONS: '', REPL_RUNNER_PORT: '0', ...env };
    const child = spawn('node', ['scripts/doctor.mjs', ...args], { cwd: root, env: { ...process.env, ...settings } });
    const closed: Promise<unknown[]> = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await closed;
    return { code, stdout, stderr };
  }

  it('looks at a host whose daemon is dead and whose port is taken, and ends with 1', async () => {
    const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock', REPL_RUNNER_PORT: String(takenPort) };
    const { code, stdout } = await doctor(['--json'], env);
    const { ok, driver, areas } = diagnosis.parse(JSON.parse(stdout));
    expect([code, ok, driver]).toEqual([1, false, null]);
    expect(areas.runner).toContainEqual(expect.objectContaining({ what: 'node', state: 'ok' }));
    expect(areas.runner).toContainEqual(
      expect.objectContaining({
        what: 'port',
        state: 'missing',
        says: `127.0.0.1:${takenPort} is taken by another program`,
      }),
    );
    expect(areas.docker).toEqual([
      expect.objectContaining({ what: 'daemon', state: 'missing', fix: 'unset DOCKER_HOST' }),
    ]);
  });

  it('ends with 0 exactly where it says that npm start works', async () => {
    const { code, stdout } = await doctor([]);
    expect(stdout).toContain('Sandboxes by bubblewrap\n');
    expect(code).toBe(stdout.includes('npm start works here') ? 0 : 1);
  });

  it('reports bad settings as a runner would', async () => {
    const { code, stdout } = await doctor([], { REPL_RUNNER_PROT: '1' });
    expect(code).toBe(1);
    expect(stdout).toContain('REPL_RUNNER_PROT is not a setting; did you mean REPL_RUNNER_PORT?');
  });

  it('refuses what it does not know', async () => {
    expect(await doctor(['--jsno'])).toMatchObject({ code: 2, stdout: '' });
  });
});
