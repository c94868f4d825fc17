import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventParser } from '../../../client/event-parser.js';

const stream = ': still here\n\nevent: a\ndata: {"content":"ä😀"}\n\nevent: b\ndata: 1\n\n';

describe('EventParser', () => {
  it('gives every event once, however the stream is cut', () => {
    const bytes = new TextEncoder().encode(stream);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length })), (cuts) => {
        const at = [0, ...cuts.sort((one, other) => one - other), bytes.length];
        const parser = new EventParser();
        const events = at.slice(1).flatMap((end, index) => parser.push(bytes.subarray(at[index], end)));
        expect(events).toEqual([
          { name: 'a', data: { content: 'ä😀' } },
          { name: 'b', data: 1 },
        ]);
      }),
    );
  });

  it('passes over what is no event, and what is not whole', () => {
    const push = (text: string) => new EventParser().push(new TextEncoder().encode(text));
    expect(push('event: a\ndata: {"\n\ndata: 1\n\nevent: b\n\n')).toEqual([]);
    expect(push('event: a\ndata: 1\n')).toEqual([]);
  });
});
