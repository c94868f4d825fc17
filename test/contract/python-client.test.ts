/** `client/python`, by its own tests against a running service: each case of pytest is one here, and so are its types. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWhere } from '../support/describe-where.js';
import { grounds } from '../support/grounds.js';
import {
  checkTypes,
  collectCases,
  hasPythonClientRoot,
  runCases,
  runReadme,
  type PythonCase,
} from '../support/python-client.js';
import { RunningService } from '../support/running-service.js';

const apiToken = 'a-token-of-this-test';
const attachSecret = 'the-secret-of-attach-tokens-of-this-test';
/** Without its cache mypy takes most of a minute where nothing else runs. */
const checkedWithinMs = 600_000;
const ground = grounds.find(({ name }) => name === 'bubblewrap host');
const suite = describeWhere(ground?.available === true && hasPythonClientRoot);
const collected = hasPythonClientRoot ? collectCases() : [{ case: 'pytest', outcome: 'collected', why: '' }];

suite('The Python client', () => {
  let ran: PythonCase[] = [];
  let runner: RunningService;

  beforeAll(async () => {
    const secrets = { REPL_RUNNER_API_TOKEN: apiToken, REPL_RUNNER_ATTACH_SECRETS: attachSecret };
    runner = await RunningService.start({ ...ground?.env, ...secrets });
    ran = await runCases({ REPL_RUNNER_URL: runner.url, ...secrets });
  });

  afterAll(async () => {
    await runner.stop();
  });

  it.each(collected.map((one) => one.case))('passes %s', (name) => {
    const { outcome, why } = ran.find((one) => one.case === name) ?? { outcome: 'not run', why: '' };
    if (outcome !== 'passed') throw new Error(`${outcome}: ${why}`);
  });

  it("prints what its README's first minute says", async () => {
    expect(await runReadme(`"${runner.url}", token="${apiToken}"`)).toMatch(/import hiker; hiker\.answer\(\)\r?\n42$/);
  });

  it('leaves no session behind', async () => {
    expect((await runner.call('GET', '/repl')).body).toEqual({ sessions: [] });
  });

  it(
    'has types that mypy finds nothing in',
    async () => {
      const { output, code } = await checkTypes();
      expect(output).toBe('');
      expect(code).toBe(0);
    },
    checkedWithinMs,
  );
});
