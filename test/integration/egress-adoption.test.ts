/** What becomes of a session's way out when its runner stops and another one takes the session up. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWhere } from '../support/describe-where.js';
import { groundPerDriver } from '../support/grounds.js';
import { PackageIndex } from '../support/package-index.js';
import { RunningService } from '../support/running-service.js';

const ground = groundPerDriver.find(({ driver }) => driver === 'docker');
const key = randomBytes(32).toString('hex');

describeWhere(ground?.available === true)('a way out whose runner stops', () => {
  let index: PackageIndex;
  const replica = `test-egress-${randomBytes(6).toString('hex')}`;

  beforeAll(async () => {
    index = await PackageIndex.start();
  });
  afterAll(async () => {
    await index.stop();
  });

  function startRunner(settings: Readonly<Record<string, string>>): Promise<RunningService> {
    return RunningService.start(
      {
        ...ground?.env,
        REPL_RUNNER_REPLICA: replica,
        REPL_RUNNER_POOL: 'python=1:2',
        REPL_RUNNER_EGRESS: `index.test:${index.port}/http@127.0.0.0/8,other.test:443`,
        ...settings,
      },
      { resolve: () => Promise.resolve(['127.0.0.1']) },
    );
  }

  async function fetched(runner: RunningService, id: string): Promise<string> {
    const url = `http://index.test:${index.port}/bytes/3`;
    const argv = ['python3', '-c', `import urllib.request; print(len(urllib.request.urlopen("${url}").read()))`];
    const { body } = await runner.call('POST', `/repl/${id}/run`, { argv });
    return (body as { stdout: { content: string } }).stdout.content.trim();
  }

  it('goes on under a runner with the same key, and ends under one without', async () => {
    const first = await startRunner({ REPL_RUNNER_EGRESS_KEY: key });
    const { id } = await first.startSession({ egress: ['index.test'] });
    expect(await fetched(first, id)).toBe('3');
    await first.service.stop();

    const second = await startRunner({ REPL_RUNNER_EGRESS_KEY: key });
    expect((await second.call('GET', `/repl/${id}`)).body).toMatchObject({ egress: ['index.test'] });
    expect(await fetched(second, id)).toBe('3');
    await second.service.stop();

    const third = await startRunner({});
    expect((await third.call('GET', `/repl/${id}`)).body).toMatchObject({ egress: [] });
    expect(await fetched(third, id)).toBe('');
    await third.call('DELETE', `/repl/${id}`);
    await third.stop();
  });
});
