import { describe, expect, it } from '@jest/globals';
import { helpText, parseCommandOptions } from '../../../../client/command-line/command-options.js';

describe('parseCommandOptions', () => {
  it('defaults to Python without files', () => {
    expect(parseCommandOptions([])).toEqual({
      kind: 'run',
      paths: [],
      language: 'python',
      url: null,
      tokenFile: null,
      keep: false,
      egress: [],
    });
  });

  it('takes several paths and every option', () => {
    const args = [
      'a',
      '--language',
      'node',
      '--url=http://x',
      '--token-file',
      't',
      '--keep',
      '--egress',
      'pypi.example',
      'b',
    ];
    expect(parseCommandOptions(args)).toEqual({
      kind: 'run',
      paths: ['a', 'b'],
      language: 'node',
      url: 'http://x',
      tokenFile: 't',
      keep: true,
      egress: ['pypi.example'],
    });
  });

  it('takes all for everything that the runner allows', () => {
    expect(parseCommandOptions(['--egress', 'all']).egress).toBe(true);
  });

  it('refuses an unknown option as wrong use', () => {
    expect(() => parseCommandOptions(['--nonsense'])).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  it('has help for every option', () => {
    for (const option of ['language', 'url', 'token-file', 'keep', 'egress', 'help', 'version'])
      expect(helpText).toContain(`--${option}`);
  });
});
