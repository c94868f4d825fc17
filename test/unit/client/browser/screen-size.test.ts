import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ScreenSize } from '../../../../client/browser/screen-size.js';
import type { TerminalSize } from '../../../../client/protocol.js';

const small = { cols: 80, rows: 24 };
const large = { cols: 120, rows: 40 };

/** A screen in a place of its own size. */
class FakeScreen {
  size: TerminalSize = small;
  place: TerminalSize = small;

  fit(): TerminalSize | null {
    if (this.size.cols === this.place.cols && this.size.rows === this.place.rows) return null;
    this.size = this.place;
    return this.size;
  }

  resize(size: TerminalSize): void {
    this.size = size;
  }
}

describe('ScreenSize', () => {
  let screen: FakeScreen | null;
  let watches: boolean;
  let told: TerminalSize[];
  let size: ScreenSize;
  beforeEach(() => {
    jest.useFakeTimers();
    [screen, watches, told] = [new FakeScreen(), false, []];
    size = new ScreenSize({ screen: () => screen, watches: () => watches, tell: (now) => told.push(now) });
  });
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  /** The place has this size from now on, and comes to rest. */
  function placed(place: TerminalSize): void {
    if (screen !== null) screen.place = place;
    size.stir();
    jest.runAllTimers();
  }

  it('tells the size at which a layout comes to rest, and none that is as before', () => {
    for (const cols of [90, 100, 110]) {
      if (screen !== null) screen.place = { cols, rows: 24 };
      size.stir();
    }
    placed(large);
    placed(large);
    expect(told).toEqual([large]);
  });

  it('keeps the size at which old output was printed until that is drawn, and tells its own then', () => {
    size.onHello(large);
    placed({ cols: 90, rows: 30 });
    expect(screen?.size).toEqual(large);
    expect(told).toEqual([]);
    size.onReplayed();
    expect(screen?.size).toEqual({ cols: 90, rows: 30 });
    expect(told).toEqual([{ cols: 90, rows: 30 }]);
  });

  it("tells its own also where it is the same, as the session's may differ", () => {
    size.onHello(small);
    size.onReplayed();
    expect(told).toEqual([small]);
  });

  it('fits again once a session is over whose old output never came to an end', () => {
    size.onHello(small);
    size.onOver();
    placed(large);
    expect(screen?.size).toEqual(large);
  });

  it("follows the session's size where it only watches", () => {
    size.onResized(large);
    expect(screen?.size).toEqual(small);
    watches = true;
    size.onResized(large);
    expect(screen?.size).toEqual(large);
    placed({ cols: 90, rows: 30 });
    size.onReplayed();
    expect(screen?.size).toEqual(large);
    expect(told).toEqual([]);
  });

  it('does nothing where there is no screen, or none any more', () => {
    screen = null;
    size.onHello(small);
    size.onReplayed();
    size.stir();
    size.stop();
    expect(told).toEqual([]);
  });
});
