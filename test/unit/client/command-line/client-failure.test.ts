import { describe, expect, it } from '@jest/globals';
import { clientFailure } from '../../../../client/command-line/client-failure.js';
import { refusalOf } from '../../../../client/refusal.js';

describe('clientFailure', () => {
  it("gives the runner's sentence, the code and the remedy", () => {
    const body = { error: { code: 'unauthorized', message: 'The runner needs its API token.', retryable: false } };
    expect(clientFailure(refusalOf(401, body, null))).toMatchObject({
      exitCode: 1,
      message:
        'The runner needs its API token. (unauthorized) Give its token in REPL_RUNNER_API_TOKEN or with --token-file.',
    });
  });

  it('leaves other errors as they are', () => {
    const error = new Error('mine');
    expect(clientFailure(error)).toBe(error);
  });
});
