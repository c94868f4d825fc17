import { describe, expect, it } from '@jest/globals';
import { parseReadiness } from '../../../proxy/readiness.js';

const answer = {
  'ready?': true,
  replica: 'one',
  serves: ['one', 'old'],
  sessions: 3,
  max_sessions: 10,
  warm: { python: 4, node: 1 },
  load: 0.5,
};

describe('parseReadiness', () => {
  it("reads a runner's answer", () => {
    const replica = { ready: true, replica: 'one', serves: ['one', 'old'] };
    const expected = { ...replica, sessions: 3, free: 7, warm: 5, load: 0.5 };
    expect(parseReadiness(JSON.stringify(answer))).toEqual(expected);
  });

  it('lets a replica always serve its own name, and never have less than no room', () => {
    const read = parseReadiness(JSON.stringify({ ...answer, serves: [], sessions: 11 }));
    expect(read).toMatchObject({ serves: ['one'], free: 0 });
  });

  it('knows a runner of a version that does not tell its load', () => {
    const { load: _load, ...older } = answer;
    expect(parseReadiness(JSON.stringify(older))).toMatchObject({ load: 0 });
  });

  it.each(['', 'no', '[]', '{}', 'null', JSON.stringify({ ...answer, replica: 'a.b' })])(
    'takes %s for none',
    (text) => {
      expect(parseReadiness(text)).toBeNull();
    },
  );
});
