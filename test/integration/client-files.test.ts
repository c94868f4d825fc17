/** The TypeScript client and the command line on the files of a session of a running service. */
import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ReplClient } from '../../client/repl-client.js';
import { describeWhere } from '../support/describe-where.js';
import { grounds } from '../support/grounds.js';
import { RunningService } from '../support/running-service.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ground = grounds.find(({ available, driver }) => available && driver === 'bubblewrap');
const onGround = describeWhere(ground !== undefined);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

onGround('the files of a session', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await RunningService.start(ground?.env ?? {});
  });
  afterAll(async () => {
    await service.stop();
  });

  it('are there for the client, under the names of the API', async () => {
    const client = new ReplClient({ url: service.url });
    const { id } = await service.startSession();
    expect(await client.writeFile(id, 'a/ü 1%.bin', new Uint8Array([0, 255]), { executable: true })).toEqual({
      created: true,
    });
    expect(await client.writeFile(id, 'words', 'grüße')).toEqual({ created: true });
    expect(await client.readFile(id, 'a/ü 1%.bin')).toEqual(new Uint8Array([0, 255]));
    await client.renameFile(id, 'words', 'b/words');
    await expect(client.renameFile(id, 'a', 'b')).rejects.toMatchObject({ code: 'file_exists' });
    const { entries, truncated } = await client.listFiles(id, { recursive: true });
    expect([entries.map(({ path }) => path), truncated]).toEqual([['a', 'b', 'a/ü 1%.bin', 'b/words'], false]);
    for (const path of ['..', '../x', 'a/../../x']) {
      await expect(client.readFile(id, path)).rejects.toMatchObject({ code: 'path_unsafe' });
    }
    const fork = await client.forkSession(id, { env: { COLOUR: 'blue' } });
    expect(fork.fork).toEqual({ files: 2, bytes: 9, leftOut: [], leftOutCount: 0 });
    const archive = await client.downloadArchive(id, { gzip: true });
    await client.deleteFile(fork.id, 'a');
    await client.uploadArchive(fork.id, archive, { merge: true });
    expect((await client.listFiles(fork.id)).entries.map(({ path }) => path)).toEqual(['a', 'b']);
    await client.end(fork.id);
  });

  it('are there for the command line', async () => {
    const { id } = await service.startSession();
    const files = async (args: readonly string[], stdin = ''): Promise<Ended> => {
      const child = spawn('node', ['scripts/repl.mjs', 'files', ...args], { cwd: root });
      child.stdin.end(stdin);
      const code = new Promise<number | null>((resolve) => child.on('close', resolve));
      const [stdout, stderr] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
      return { code: await code, stdout: stdout.toString(), stderr: stderr.toString() };
    };
    const address = `${service.url}/repl/${id}`;
    expect(await files(['put', address, '-', 'd/one'], 'text')).toMatchObject({ code: 0, stderr: '' });
    expect((await files(['mv', address, 'd/one', 'two'])).code).toBe(0);
    expect((await files(['get', id, 'two', '--url', service.url])).stdout).toBe('text');
    expect((await files(['list', address])).stdout).toMatch(/ d\/\n.* two\n$/);
    expect((await files(['rm', address, 'd'])).code).toBe(0);
    expect(await files(['rm', address, 'd'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('file_unknown') as unknown,
    });
  });
});
