import { describe, expect, it } from '@jest/globals';
import { parseReadiness } from '../../../proxy/readiness.js';

const answer = { 'ready?': true, replica: 'one', serves: ['one', 'old'], sessions: 3, max_sessions: 10, warm: {} };

describe('parseReadiness', () => {
  it("reads a runner's answer", () => {
    const expected = { ready: true, replica: 'one', serves: ['one', 'old'], free: 7 };
    expect(parseReadiness(JSON.stringify(answer))).toEqual(expected);
  });

  it('lets a replica always serve its own name, and never have less than no room', () => {
    const read = parseReadiness(JSON.stringify({ ...answer, serves: [], sessions: 11 }));
    expect(read).toMatchObject({ serves: ['one'], free: 0 });
  });

  it.each(['', 'no', '[]', '{}', 'null', JSON.stringify({ ...answer, replica: 'a.b' })])(
    'takes %s for none',
    (text) => {
      expect(parseReadiness(text)).toBeNull();
    },
  );
});
