import { describe, expect, it } from '@jest/globals';
import { defaultUrl, runnerAddress } from '../../../../client/command-line/runner-address.js';

const nothing = { url: null, tokenFile: null };

describe('runnerAddress', () => {
  it('is the default without options and environment', async () => {
    await expect(runnerAddress(nothing, { REPL_RUNNER_URL: '' })).resolves.toEqual({
      url: defaultUrl,
      token: null,
      isDefault: true,
    });
  });

  it('takes the environment, and options before it', async () => {
    const env = { REPL_RUNNER_URL: 'http://one:1/', REPL_RUNNER_API_TOKEN: 'secret' };
    await expect(runnerAddress(nothing, env)).resolves.toEqual({
      url: 'http://one:1',
      token: 'secret',
      isDefault: false,
    });
    const options = { ...nothing, url: 'https://two/repl-runner/' };
    await expect(runnerAddress(options, env)).resolves.toMatchObject({ url: 'https://two/repl-runner' });
  });

  it.each(['localhost:4657', 'ftp://host', 'http://user@host', 'http://host/?a=b', ''])('refuses %p', async (url) => {
    await expect(runnerAddress({ ...nothing, url }, {})).rejects.toMatchObject({ exitCode: 2 });
  });

  it('refuses a token file that is not there', async () => {
    const options = { ...nothing, tokenFile: '/nowhere/token' };
    await expect(runnerAddress(options, {})).rejects.toThrow('/nowhere/token cannot be read');
  });
});
