import { describe, expect, it } from '@jest/globals';
import { transition, type SessionState } from '../../../src/session/state.js';

const states: SessionState[] = ['starting', 'running', 'exited', 'ended'];
const legal = new Set([
  'starting running',
  'starting exited',
  'starting ended',
  'running exited',
  'running ended',
  'exited running',
  'exited ended',
]);
const pairs = states.flatMap((from) => states.map((to): [SessionState, SessionState] => [from, to]));

describe('the states of a session', () => {
  it.each(pairs)('from %s to %s', (from, to) => {
    if (legal.has(`${from} ${to}`)) expect(transition(from, to)).toBe(to);
    else expect(() => transition(from, to)).toThrow(`A session that is ${from} cannot become ${to}.`);
  });
});
