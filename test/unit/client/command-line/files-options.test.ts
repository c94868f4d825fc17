import { describe, expect, it } from '@jest/globals';
import { fileTable } from '../../../../client/command-line/file-table.js';
import { filesHelp, parseFilesOptions } from '../../../../client/command-line/files-options.js';

describe('files', () => {
  it('takes a session by its id', () => {
    expect(parseFilesOptions(['mv', 'a.1', 'x', 'y', '--url', 'http://host'])).toEqual({
      action: 'mv',
      session: 'a.1',
      words: ['x', 'y'],
      url: 'http://host',
      tokenFile: null,
    });
  });

  it('takes a session by its address, which says the runner too', () => {
    const options = parseFilesOptions(['list', 'https://host/app/repl/a.1']);
    expect(options).toMatchObject({ session: 'a.1', url: 'https://host/app', words: [] });
  });

  it.each([
    [[]],
    [['list']],
    [['chmod', 'a.1', 'x']],
    [['get', 'a.1']],
    [['rm', 'a.1', 'x', 'y']],
    [['list', '--what']],
  ])('refuses %j as wrong use', (args) => {
    expect(() => parseFilesOptions(args)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  it('helps', () => {
    expect(parseFilesOptions(['--help'])).toEqual({ help: filesHelp });
  });

  it('shows a listing with control characters made visible', () => {
    const entry = { size: 0, executable: false, modifiedAt: new Date(0), target: null };
    const entries = [
      { ...entry, path: 'tool', type: 'file', size: 12, executable: true },
      { ...entry, path: 'd\u001b[31m', type: 'directory' },
      { ...entry, path: 'l', type: 'symlink', target: 'd' },
    ] as const;
    expect(fileTable({ entries, truncated: true })).toBe(
      '12  1970-01-01 00:00:00  tool*\n 0  1970-01-01 00:00:00  d·[31m/\n 0  1970-01-01 00:00:00  l -> d\n… and more\n',
    );
  });
});
