import { describe, expect, it } from '@jest/globals';
import { closeVerdict, finalCloseCodes } from '../../../client/close-verdict.js';
import { parseCloseReason, parseServerMessage, sessionSignals, subprotocol } from '../../../client/protocol.js';
import { sessionSignals as runnerSignals } from '../../../src/session/start-request.js';
import { closeCodes, subprotocol as runnerSubprotocol, type ServerMessage } from '../../../src/terminal/protocol.js';

/** One of each that a runner sends; the type check fails when one is missing. */
const messages: { readonly [Type in ServerMessage['type']]: Extract<ServerMessage, { type: Type }> } = {
  hello: { type: 'hello', epoch: 'e', offset: 0, cols: 80, rows: 24, role: 'viewer' },
  replayed: { type: 'replayed', offset: 1 },
  reset: { type: 'reset', offset: 2 },
  restarted: { type: 'restarted', offset: 3 },
  resized: { type: 'resized', cols: 100, rows: 30 },
  warning: { type: 'warning', reason: 'idle', seconds: 60 },
  exit: { type: 'exit', outcome: 'signal', exit_code: null, signal: 'SIGTERM' },
  pong: { type: 'pong', t: 1 },
};

describe("the client's protocol", () => {
  it.each(Object.values(messages))('reads the $type of the runner', (message) => {
    expect(parseServerMessage(JSON.stringify(message))).toMatchObject({ type: message.type });
  });

  it("has the runner's subprotocol and signals", () => {
    expect(subprotocol).toBe(runnerSubprotocol);
    expect(sessionSignals).toEqual(runnerSignals);
  });

  it("has the runner's close codes, and reconnects after the other two", () => {
    const { draining, not_yet, ...final } = closeCodes;
    expect(finalCloseCodes).toEqual(final);
    for (const code of [draining, not_yet, 1001, 1005, 1006]) expect(closeVerdict(code, '')).toBeNull();
  });

  it('gives the sentence of a close frame that it does not know', () => {
    expect(closeVerdict(4999, '{"message":"No."}')).toMatchObject({ code: 'closed', message: 'No. (4999)' });
  });
});

describe('parseServerMessage', () => {
  it('reads the end of a REPL', () => {
    expect(parseServerMessage(JSON.stringify(messages.exit))).toEqual({
      type: 'exit',
      exit: { outcome: 'signal', exitCode: null, signal: 'SIGTERM' },
    });
  });

  it.each(['', 'x', '[]', '{"type":"novel"}', '{"type":"hello","epoch":"e","offset":-1}'])('passes over %p', (text) => {
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
