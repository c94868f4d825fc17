import { describe, expect, it } from '@jest/globals';
import { actionsOf, type Phase } from '../../../../client/browser/phase.js';
import { exitWords, isPassing, wordsOf } from '../../../../client/browser/phase-words.js';
import { ReplError } from '../../../../client/repl-error.js';

const exit = { outcome: 'ok', exitCode: 0, signal: null };

describe('a phase', () => {
  it.each<[Phase, string[]]>([
    [{ kind: 'idle' }, ['start']],
    [{ kind: 'starting' }, []],
    [{ kind: 'live', role: 'owner', printed: true }, ['stop', 'restart', 'end']],
    [{ kind: 'live', role: 'viewer', printed: true }, []],
    [{ kind: 'exited', exit }, ['restart', 'end']],
    [{ kind: 'lost' }, ['retry', 'end']],
    [{ kind: 'ended', error: null }, ['start']],
    [{ kind: 'ended', error: new ReplError('taken_over', 'Taken over.') }, ['retry', 'start']],
  ])('%j allows %j', (phase, actions) => {
    expect([...actionsOf(phase)]).toEqual(actions);
  });

  it('says why it failed', () => {
    const error = new ReplError('capacity_exhausted', 'The runner is full.');
    expect(wordsOf({ kind: 'failed', error })).toMatchObject({ long: 'The runner is full.', tone: 'bad' });
  });

  it('is named at once only where it lasts', () => {
    expect(isPassing({ kind: 'starting' })).toBe(true);
    expect(isPassing({ kind: 'exited', exit })).toBe(false);
  });
});

describe('exitWords', () => {
  it.each([
    [exit, 'exited'],
    [{ outcome: 'runtime_error', exitCode: 3, signal: null }, 'exited with code 3'],
    [{ outcome: 'signal', exitCode: null, signal: 'SIGTERM' }, 'ended by SIGTERM'],
    [{ outcome: 'out_of_memory', exitCode: null, signal: 'SIGKILL' }, 'out of memory'],
  ])('%j is: %s', (given, words) => {
    expect(exitWords(given)).toBe(words);
  });
});
