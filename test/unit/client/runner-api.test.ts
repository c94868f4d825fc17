import { describe, expect, it } from '@jest/globals';
import { describeRefusal } from '../../../client/runner-api.js';

describe('describeRefusal', () => {
  it("gives the runner's sentence, the code and the remedy", () => {
    const body = { error: { code: 'unauthorized', message: 'The runner needs its API token.', retryable: false } };
    expect(describeRefusal(401, body)).toBe(
      'The runner needs its API token. (unauthorized) Give its token in REPL_RUNNER_API_TOKEN or with --token-file.',
    );
  });

  it('gives the status where the answer is no error of a runner', () => {
    expect(describeRefusal(502, null)).toContain('502');
  });
});
