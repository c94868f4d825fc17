import { describe, expect, it } from '@jest/globals';
import { stepsOf } from '../../../src/execution/program.js';

const python = { name: 'python', run: { file: 'main.py', build: null, argv: ['python3', '{file}'] } };
const c = { name: 'c', run: { file: 'main.c', build: ['gcc', '-o', '/tmp/main', '{file}'], argv: ['/tmp/main'] } };
const file = (path: string | null, args: string[] = []) => ({ kind: 'file', file: path, args }) as const;

describe('stepsOf', () => {
  it('gives a command to a shell and leaves argv as it is', () => {
    expect(stepsOf({ kind: 'command', command: 'a | b' }, python)).toEqual({ build: null, run: ['sh', '-c', 'a | b'] });
    expect(stepsOf({ kind: 'argv', argv: ['a', '{file}'] }, c)).toEqual({ build: null, run: ['a', '{file}'] });
  });

  it('names the file in both steps, and the arguments in the second', () => {
    expect(stepsOf(file(null), c)).toEqual({ build: ['gcc', '-o', '/tmp/main', 'main.c'], run: ['/tmp/main'] });
    expect(stepsOf(file('a//./b.py', ['-x', '$&']), python).run).toEqual(['python3', 'a/b.py', '-x', '$&']);
    expect(stepsOf(file('$&.py'), python).run).toEqual(['python3', '$&.py']);
  });

  it('lets no file be taken for an option', () => {
    expect(stepsOf(file('-c'), python).run).toEqual(['python3', './-c']);
  });

  it.each(['/etc/passwd', '../x', 'a/../../b', 'a\0b', ''])('refuses the file %j', (path) => {
    expect(() => stepsOf(file(path), python)).toThrow(expect.objectContaining({ code: 'request_invalid' }));
  });

  it('refuses a file in a language that runs none', () => {
    expect(() => stepsOf(file(null), { name: 'x', run: null })).toThrow(
      expect.objectContaining({ code: 'request_invalid' }),
    );
  });
});
