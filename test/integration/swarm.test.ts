/** docker-compose.yml as a Docker Swarm stack on a real swarm of one node: deployed, used, rolled on, and removed. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWhere } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { canSwarm, SwarmStack } from '../support/swarm-stack.js';
import { untilEqual } from '../support/until-equal.js';

/** Five images are handed to a daemon of its own, and every service comes up. */
const swarmWithinMs = 600_000;
/** A runner stops, the next one starts on its node, and the proxy finds that. */
const rolledWithinMs = 60_000;

describeWhere(canSwarm)('the stack on Docker Swarm', () => {
  let stack: SwarmStack;

  beforeAll(async () => {
    stack = await SwarmStack.start();
  }, swarmWithinMs);
  afterAll(async () => {
    await stack.end();
  });

  it('has a runner, its guard and an nginx on each node', async () => {
    const format = '{{.Name}} {{.Mode}} {{.Replicas}}';
    const services = async (): Promise<string> =>
      (await stack.docker('service', 'ls', '--format', format)).split('\n').sort().join(', ');
    // The manager hears of a container after nginx has begun to answer.
    await untilEqual(
      services,
      'repl_guard global 1/1, repl_nginx global 1/1, repl_runner global 1/1, repl_web replicated 1/1',
    );
  });

  it('gives a REPL that has the files, through nginx, app and runner', async () => {
    expect(await stack.pipe('import hiker; print(hiker.answer())\n', 'examples/hiker')).toBe('42');
  });

  it(
    'keeps a session while its runner is replaced',
    async () => {
      const id = await stack.startSession();
      expect(await stack.get(`/repl/${id}`)).toBe(200);
      const before = await stack.docker('ps', '--quiet', '--filter', 'name=repl_runner');
      await stack.docker('service', 'update', '--force', '--detach=true', 'repl_runner');
      const isReplaced = async (): Promise<boolean> => {
        const now = await stack.docker('ps', '--quiet', '--filter', 'name=repl_runner');
        return now !== '' && now !== before && (await stack.get(`/repl/${id}`)) === 200;
      };
      await eventually('the session at the next runner', isReplaced, rolledWithinMs);
      expect(await stack.get(`/repl/${id}`, 'DELETE')).toBe(204);
    },
    rolledWithinMs + 10_000,
  );

  it('leaves nothing behind when it is removed', async () => {
    expect((await stack.parts()).length).toBeGreaterThan(5);
    await stack.remove();
    expect(await stack.parts()).toEqual([]);
  });
});
