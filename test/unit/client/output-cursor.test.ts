import { describe, expect, it } from '@jest/globals';
import { OutputCursor } from '../../../client/output-cursor.js';

function greeted(offset = 0): OutputCursor {
  const cursor = new OutputCursor();
  cursor.greet('e', offset);
  return cursor;
}

describe('OutputCursor', () => {
  it('asks for nothing before it was greeted, then for what comes after what it has', () => {
    expect(new OutputCursor().query).toBe('');
    const cursor = greeted(100);
    cursor.receive(20);
    expect(cursor.query).toBe('?epoch=e&offset=120');
  });

  it('acknowledges in steps, and only what was taken', () => {
    const cursor = greeted();
    const first = cursor.receive(10_000);
    const second = cursor.receive(10_000);
    expect(cursor.take(first)).toBeNull();
    expect(cursor.take(second)).toBe(20_000);
  });

  it('opens the input when old output was taken, once for each connection', () => {
    const cursor = greeted();
    const old = cursor.receive(10);
    cursor.replayUntil(10);
    expect(cursor.openInput()).toBe(false);
    cursor.take(old);
    expect([cursor.openInput(), cursor.openInput(), cursor.mayType]).toEqual([true, false, true]);
    cursor.disconnect();
    expect(cursor.mayType).toBe(false);
    cursor.greet('e', 10);
    cursor.replayUntil(10);
    expect(cursor.openInput()).toBe(true);
  });

  it('does not count what was handed out before a jump', () => {
    const cursor = greeted();
    const old = cursor.receive(50_000);
    cursor.jump(1_000_000);
    expect(cursor.take(old)).toBeNull();
    expect(cursor.take(cursor.receive(20_000))).toBe(1_020_000);
  });

  it("tells another sandbox's log from its own", () => {
    const cursor = greeted();
    cursor.receive(5);
    expect(cursor.greet('e', 5)).toBe(false);
    expect(cursor.greet('f', 5)).toBe(true);
  });
});
