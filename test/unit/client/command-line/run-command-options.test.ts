import { describe, expect, it } from '@jest/globals';
import { runCommandOptions, runHelp } from '../../../../client/command-line/run-command-options.js';

const plain = { args: [], language: 'python', seconds: null, egress: [], url: null, tokenFile: null };

describe('runCommandOptions', () => {
  it('leaves all that follows the file to the program', () => {
    expect(runCommandOptions(['a.py'])).toEqual({ ...plain, path: 'a.py' });
    const words = ['--language', 'c', '--seconds=2.5', 'a.c', '--language', 'x', '-h', '--', '--url'];
    expect(runCommandOptions(words)).toEqual({
      ...{ ...plain, path: 'a.c', language: 'c', seconds: 2.5 },
      args: ['--language', 'x', '-h', '--', '--url'],
    });
  });

  it('takes every option', () => {
    const words = ['-l', 'node', '--url', 'http://x', '--token-file', 't', '--egress', 'a', '--egress=b', 'folder'];
    expect(runCommandOptions(words)).toEqual({
      ...{ ...plain, path: 'folder', language: 'node', url: 'http://x', tokenFile: 't', egress: ['a', 'b'] },
    });
    expect(runCommandOptions(['--egress', 'all', 'a.py'])).toMatchObject({ egress: true });
    expect(runCommandOptions(['--help'])).toBeNull();
  });

  it.each([[[]], [['--nonsense', 'a']], [['--seconds', 'soon', 'a']], [['--seconds=0', 'a']], [['--language']]])(
    'refuses %j as wrong use',
    (words) => {
      expect(() => runCommandOptions(words)).toThrow(expect.objectContaining({ exitCode: 2 }));
    },
  );

  it('has help for every option', () => {
    for (const option of ['language', 'seconds', 'egress', 'url', 'token-file', 'help'])
      expect(runHelp).toContain(`--${option}`);
  });
});
