import { describe, expect, it } from '@jest/globals';
import { parseCloseReason, parseServerMessage } from '../../../client/server-message.js';

describe('parseServerMessage', () => {
  it('reads the end of a REPL', () => {
    const text = '{"type":"exit","outcome":"signal","exit_code":null,"signal":"SIGTERM"}';
    expect(parseServerMessage(text)).toEqual({ type: 'exit', exit_code: null, signal: 'SIGTERM' });
  });

  it.each(['', 'x', '{"type":"novel"}', '{"type":"hello","epoch":"e","offset":-1}'])('passes over %p', (text) => {
    expect(parseServerMessage(text)).toBeNull();
  });
});

describe('parseCloseReason', () => {
  it('reads the sentence', () => {
    expect(parseCloseReason('{"reason":"unknown","message":"No such session."}')).toBe('No such session.');
  });

  it('passes over what was cut off', () => {
    expect(parseCloseReason('{"reason":"unk')).toBeNull();
  });
});
