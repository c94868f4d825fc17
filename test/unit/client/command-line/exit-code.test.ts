import { describe, expect, it } from '@jest/globals';
import { exitCodeOf } from '../../../../client/command-line/exit-code.js';

describe('exitCodeOf', () => {
  it("is the REPL's own exit code", () => {
    expect(exitCodeOf({ exitCode: 0, signal: null })).toBe(0);
    expect(exitCodeOf({ exitCode: 3, signal: null })).toBe(3);
  });

  it('is 128 + the number of the signal that ended it', () => {
    expect(exitCodeOf({ exitCode: null, signal: 'SIGKILL' })).toBe(137);
    expect(exitCodeOf({ exitCode: null, signal: 'SIGTERM' })).toBe(143);
  });

  it('is a failure where nothing is known', () => {
    expect(exitCodeOf({ exitCode: null, signal: null })).toBe(1);
    expect(exitCodeOf({ exitCode: null, signal: 'SIGNOVEL' })).toBe(1);
  });
});
