import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { inputWindowBytes, unlimited } from '../../../src/agent/agent-connection.js';
import { sendWindowBytes } from '../../../src/terminal/flow.js';
import { logCapacityBytes } from '../../../src/terminal/output-log.js';
import { Terminal } from '../../../src/terminal/terminal.js';
import { useFakeClock } from '../../doubles/fake-clock.js';
import { FakeBackend } from '../../doubles/fake-backend.js';
import { FakeSocket } from '../../doubles/fake-socket.js';
import { settled } from '../../doubles/settled.js';

const graceMs = 60_000;
const ok = { outcome: 'ok', exit_code: 0, signal: null } as const;
const owner = { role: 'owner', controlled: true, resume: null } as const;
const raw = { role: 'owner', controlled: false, resume: null } as const;
const viewer = { role: 'viewer', controlled: true, resume: null } as const;

class Stage {
  readonly backend = new FakeBackend();
  readonly activity = jest.fn();
  readonly ownerAttached = jest.fn();
  readonly ownerDetached = jest.fn();
  readonly terminal = new Terminal(
    this.backend,
    { onActivity: this.activity, onOwnerAttached: this.ownerAttached, onOwnerDetached: this.ownerDetached },
    { epoch: 'e', cols: 80, rows: 24, resumeGraceMs: graceMs, offset: 0 },
  );
  end = 0;

  constructor() {
    this.terminal.open({ cols: 80, rows: 24 });
    jest.advanceTimersByTime(10);
  }

  attach(options: Parameters<Terminal['attach']>[1]) {
    const socket = new FakeSocket();
    return { socket, attachment: this.terminal.attach(socket, options) };
  }

  print(data: string | Buffer): void {
    const bytes = Buffer.from(data);
    this.terminal.onOutput(this.end, bytes);
    this.end += bytes.length;
  }

  /** Prints more than the log keeps. */
  flood(): void {
    for (let piece = 0; piece < 6; piece += 1) this.print(Buffer.alloc(logCapacityBytes / 4, `${piece}\n`));
  }
}

describe('Terminal', () => {
  beforeEach(useFakeClock);
  afterEach(() => {
    jest.useRealTimers();
  });

  describe('attaching', () => {
    it('says hello, replays the log and says where that ends', () => {
      const stage = new Stage();
      stage.print('>>> ');
      const { socket } = stage.attach(owner);
      expect(socket.told).toEqual([
        { type: 'hello', epoch: 'e', offset: 0, cols: 80, rows: 24, role: 'owner' },
        { type: 'replayed', offset: 4 },
      ]);
      expect(socket.text).toBe('>>> ');
    });

    it('resumes at any offset without a gap or a repeat', () => {
      const stage = new Stage();
      const whole = Buffer.from(Array.from({ length: 5_000 }, (_, at) => at % 251));
      stage.print(whole);
      fc.assert(
        fc.property(fc.nat({ max: whole.length }), (resume) => {
          const { socket } = stage.attach({ ...viewer, resume });
          expect(socket.bytes.equals(whole.subarray(resume))).toBe(true);
          expect(socket.types()).toEqual(['hello', 'replayed']);
        }),
      );
    });

    it.each([0, 5_000_000])('resets a cursor at %d, which the log does not hold, and redraws', async (resume) => {
      const stage = new Stage();
      stage.flood();
      const { socket } = stage.attach({ ...owner, resume });
      const { start, end } = stage.terminal.log;
      expect(socket.told).toContainEqual({ type: 'reset', offset: start });
      expect(socket.bytes).toHaveLength(end - start);
      await settled();
      expect(stage.backend.sizes).toEqual([
        [79, 24],
        [80, 24],
      ]);
    });

    it('redraws in the size that came meanwhile', async () => {
      const stage = new Stage();
      stage.flood();
      stage.attach({ ...owner, resume: 0 });
      await stage.terminal.resize(100, 30);
      await settled();
      expect(stage.backend.sizes).toEqual([
        [79, 24],
        [100, 30],
        [100, 30],
      ]);
    });

    it('replays to a raw socket without queries, from a whole line on', () => {
      const stage = new Stage();
      stage.print('a\x1b[6nb');
      expect(stage.attach(raw).socket.text).toBe('ab');
      stage.flood();
      const { socket } = stage.attach(raw);
      const log = stage.terminal.log;
      expect(socket.bytes.length).toBeLessThan(log.end - log.start);
      expect(socket.told).toEqual([]);
    });

    it('closes the owner that a newer one takes over from, and ignores it from then on', () => {
      const stage = new Stage();
      const first = stage.attach(owner);
      const second = stage.attach(owner);
      expect(first.socket.closed).toEqual([{ reason: 'taken_over', details: {} }]);
      stage.terminal.detach(first.attachment);
      stage.print('x');
      expect([first.socket.text, second.socket.text]).toEqual(['', 'x']);
      expect(stage.terminal.attached).toEqual({ owner: true, viewers: 0 });
      expect(stage.ownerDetached).not.toHaveBeenCalled();
    });

    it('keeps viewers beside the owner', () => {
      const stage = new Stage();
      stage.attach(owner);
      const watching = stage.attach(viewer);
      stage.print('x');
      expect(watching.socket.text).toBe('x');
      expect(stage.terminal.attached).toEqual({ owner: true, viewers: 1 });
    });

    it('closes whoever attaches to a terminal that is closed', () => {
      const stage = new Stage();
      stage.terminal.close('deleted', { reason: 'deleted' });
      const { socket } = stage.attach(owner);
      expect(socket.closed).toEqual([{ reason: 'deleted', details: { reason: 'deleted' } }]);
      expect(stage.terminal.attached).toEqual({ owner: false, viewers: 0 });
      expect(stage.ownerAttached).not.toHaveBeenCalled();
    });
  });

  describe('flow', () => {
    it('is governed by the acks of a repl.v1 owner', () => {
      const stage = new Stage();
      const { attachment } = stage.attach(owner);
      expect(stage.backend.limit).toBe(BigInt(logCapacityBytes));
      stage.print(Buffer.alloc(100_000));
      expect(stage.backend.limit).toBe(BigInt(logCapacityBytes));
      expect(stage.terminal.acknowledge(attachment, 100_000)).toBe(true);
      expect(stage.backend.limit).toBe(BigInt(100_000 + logCapacityBytes));
    });

    it('refuses an ack beyond what was sent, and takes one that goes back for what it is', () => {
      const stage = new Stage();
      const { attachment } = stage.attach(owner);
      stage.print(Buffer.alloc(50_000));
      expect(stage.terminal.acknowledge(attachment, 50_001)).toBe(false);
      stage.terminal.acknowledge(attachment, 50_000);
      const limit = stage.backend.limit;
      expect(stage.terminal.acknowledge(attachment, 3)).toBe(true);
      expect(stage.backend.limit).toBe(limit);
    });

    it('is governed by what the socket of a raw owner has taken', () => {
      const stage = new Stage();
      const { socket, attachment } = stage.attach(raw);
      socket.stalled = true;
      stage.print(Buffer.alloc(200_000));
      expect(stage.backend.limit).toBe(BigInt(logCapacityBytes));
      socket.bufferedBytes = 0;
      stage.terminal.onDrained(attachment);
      expect(stage.backend.limit).toBe(BigInt(200_000 + logCapacityBytes));
    });

    it('is none of the viewers', () => {
      const stage = new Stage();
      const { attachment } = stage.attach(viewer);
      stage.print(Buffer.alloc(100_000));
      stage.terminal.acknowledge(attachment, 100_000);
      expect(stage.backend.flow.every(({ limit }) => limit === unlimited)).toBe(true);
    });

    it('holds for the grace after a repl.v1 owner left, then runs free', () => {
      const stage = new Stage();
      const { attachment } = stage.attach(owner);
      stage.terminal.detach(attachment);
      expect(stage.ownerDetached).toHaveBeenCalledTimes(1);
      jest.advanceTimersByTime(graceMs - 1);
      expect(stage.backend.limit).toBe(BigInt(logCapacityBytes));
      jest.advanceTimersByTime(1);
      expect(stage.backend.limit).toBe(unlimited);
    });

    it('runs free at once when a raw owner left', () => {
      const stage = new Stage();
      const { attachment } = stage.attach(raw);
      stage.terminal.detach(attachment);
      expect(stage.backend.limit).toBe(unlimited);
    });

    it('stays with an owner that comes back within the grace', () => {
      const stage = new Stage();
      stage.terminal.detach(stage.attach(owner).attachment);
      jest.advanceTimersByTime(graceMs / 2);
      stage.attach({ ...owner, resume: 0 });
      jest.advanceTimersByTime(graceMs * 2);
      expect(stage.backend.limit).toBe(BigInt(logCapacityBytes));
    });

    it('waits a grace for the owner of an earlier runner', () => {
      const stage = new Stage();
      stage.terminal.awaitOwner(1_000);
      expect(stage.backend.limit).toBe(BigInt(1_000 + logCapacityBytes));
      jest.advanceTimersByTime(graceMs);
      expect(stage.backend.limit).toBe(unlimited);
    });

    it('mirrors output that nobody watches at a pace, and any that is watched at once', () => {
      const stage = new Stage();
      expect(stage.backend.credit).toBe(sendWindowBytes);
      for (let piece = 0; piece < 5; piece += 1) stage.print(Buffer.alloc(64 * 1024));
      expect(stage.backend.credit).toBe(sendWindowBytes);
      jest.advanceTimersByTime(100);
      expect(stage.backend.credit).toBe(sendWindowBytes + 5 * 64 * 1024);
      stage.attach(viewer);
      for (let piece = 0; piece < 5; piece += 1) stage.print(Buffer.alloc(64 * 1024));
      expect(stage.backend.credit).toBe(sendWindowBytes + 10 * 64 * 1024);
    });
  });

  describe('output', () => {
    it('goes out at once, piece by piece', () => {
      const stage = new Stage();
      const { socket } = stage.attach(owner);
      stage.print('a');
      stage.print('b');
      expect(socket.sent.map(String)).toEqual(['a', 'b']);
    });

    it('is not fed to a slow socket beyond its high water mark, which catches up when it drains', () => {
      const stage = new Stage();
      const slow = stage.attach(viewer);
      const quick = stage.attach(viewer);
      slow.socket.stalled = true;
      const whole = Buffer.alloc(480_000, '0123456789');
      for (let at = 0; at < whole.length; at += 16_000) {
        stage.print(whole.subarray(at, at + 16_000));
        jest.advanceTimersByTime(5);
      }
      expect(slow.socket.bytes.length).toBeLessThanOrEqual(256 * 1024 + 64 * 1024);
      expect(quick.socket.bytes.equals(whole)).toBe(true);
      slow.socket.stalled = false;
      slow.socket.bufferedBytes = 0;
      stage.terminal.onDrained(slow.attachment);
      expect(slow.socket.bytes.equals(whole)).toBe(true);
    });

    it('that a slow viewer has missed is skipped, and it is told so', () => {
      const stage = new Stage();
      const { socket, attachment } = stage.attach(viewer);
      socket.stalled = true;
      for (let round = 0; round < 3; round += 1) stage.flood();
      jest.advanceTimersByTime(10);
      socket.bufferedBytes = 0;
      socket.stalled = false;
      stage.terminal.onDrained(attachment);
      const { start, end } = stage.terminal.log;
      expect(socket.told).toContainEqual({ type: 'reset', offset: start });
      expect(attachment.cursor).toBe(end);
    });

    it('is never sent to an attachment that is gone', () => {
      const stage = new Stage();
      const { socket, attachment } = stage.attach(viewer);
      stage.print('a');
      stage.terminal.detach(attachment);
      stage.print('b');
      stage.terminal.onDrained(attachment);
      expect(socket.text).toBe('a');
    });
  });

  describe('an agent that was away', () => {
    it('is not believed to have printed anew what is in the log', () => {
      const stage = new Stage();
      stage.print('one');
      const { socket } = stage.attach(owner);
      stage.terminal.suspend();
      stage.terminal.resync({ cols: 80, rows: 24 });
      stage.terminal.onOutput(0, Buffer.from('on'));
      stage.terminal.onOutput(2, Buffer.from('e, two'));
      expect(socket.text).toBe('one, two');
      expect(() => {
        stage.terminal.onOutput(3, Buffer.from(', two'));
      }).toThrow(RangeError);
    });

    it('may send as much as at the beginning, and reads no further than before', () => {
      const stage = new Stage();
      stage.attach(owner);
      stage.print('one');
      const limit = stage.backend.limit;
      stage.terminal.suspend();
      const credit = stage.backend.credit;
      stage.terminal.resync({ cols: 80, rows: 24 });
      expect(stage.backend.flow.at(-1)).toEqual({ limit, more: sendWindowBytes });
      expect(stage.backend.credit).toBe(credit + sendWindowBytes);
    });

    it('gets what was typed meanwhile, and the size that was set', () => {
      const stage = new Stage();
      stage.terminal.suspend();
      stage.terminal.input(Buffer.from('typed'));
      expect(stage.backend.typed).toBe('');
      stage.terminal.resync({ cols: 70, rows: 24 });
      expect(stage.backend.typed).toBe('typed');
      expect(stage.backend.sizes).toEqual([[80, 24]]);
    });
  });

  describe('the end of the REPL', () => {
    it('is told only after the last byte', () => {
      const stage = new Stage();
      const { socket, attachment } = stage.attach(owner);
      socket.stalled = true;
      socket.bufferedBytes = 1 << 20;
      stage.print('last words');
      stage.terminal.onExit(ok, 10);
      expect(socket.types()).toEqual(['hello', 'replayed']);
      socket.bufferedBytes = 0;
      stage.terminal.onDrained(attachment);
      expect(socket.told.at(-1)).toEqual({ type: 'exit', ...ok });
      expect(socket.toldAfterBytes.at(-1)).toBe(10);
      expect(socket.closed).toEqual([]);
    });

    it('closes raw sockets, those that come later too', () => {
      const stage = new Stage();
      const { socket } = stage.attach(raw);
      jest.advanceTimersByTime(10);
      stage.print('last');
      stage.terminal.onExit(ok, 4);
      expect(socket.text).toBe('last');
      expect(socket.closed).toEqual([{ reason: 'exited', details: ok }]);
      expect(stage.attach(raw).socket.closed).toHaveLength(1);
    });

    it('is told once, and again for the next REPL', () => {
      const stage = new Stage();
      const { socket } = stage.attach(owner);
      stage.terminal.onExit(ok, 0);
      stage.print('x');
      stage.terminal.onRestarted(1);
      stage.terminal.onExit(ok, 1);
      expect(socket.types().filter((type) => type !== 'replayed')).toEqual(['hello', 'exit', 'restarted', 'exit']);
    });

    it('lets input go on that waited, so that no socket stays paused', () => {
      const stage = new Stage();
      stage.terminal.input(Buffer.alloc(inputWindowBytes * 20));
      const drained = jest.fn();
      stage.terminal.whenInputDrained(drained);
      stage.terminal.onExit(ok, 0);
      expect(drained).toHaveBeenCalledTimes(1);
    });

    it('by a restart gives the new one an empty queue and a whole window', () => {
      const stage = new Stage();
      stage.terminal.input(Buffer.alloc(inputWindowBytes * 20, 'o'));
      const drained = jest.fn();
      stage.terminal.whenInputDrained(drained);
      stage.terminal.onRestarted(0);
      expect(drained).toHaveBeenCalledTimes(1);
      stage.terminal.input(Buffer.from('new'));
      expect(stage.backend.typed).toBe('o'.repeat(inputWindowBytes) + 'new');
    });
  });

  describe('input', () => {
    it('goes on within the window and waits for credit beyond it', () => {
      const stage = new Stage();
      expect(stage.terminal.input(Buffer.alloc(inputWindowBytes + 10, 'x'))).toBe(true);
      expect(stage.backend.typed).toHaveLength(inputWindowBytes);
      stage.terminal.onInputCredit(4);
      expect(stage.backend.typed).toHaveLength(inputWindowBytes + 4);
      stage.terminal.onInputCredit(1e9);
      expect(stage.backend.typed).toHaveLength(inputWindowBytes + 10);
    });

    it('asks its sender to stop, and tells when it may go on', () => {
      const stage = new Stage();
      const drained = jest.fn();
      expect(stage.terminal.input(Buffer.alloc(inputWindowBytes * 18))).toBe(false);
      stage.terminal.whenInputDrained(drained);
      for (let grant = 0; grant < 16; grant += 1) stage.terminal.onInputCredit(inputWindowBytes);
      expect(drained).not.toHaveBeenCalled();
      stage.terminal.onInputCredit(inputWindowBytes);
      expect(drained).toHaveBeenCalledTimes(1);
      expect(stage.terminal.input(Buffer.from('x'))).toBe(true);
    });

    it('never sends more than the window, however much credit is claimed', () => {
      const stage = new Stage();
      stage.terminal.onInputCredit(0xffff_ffff);
      stage.terminal.input(Buffer.alloc(inputWindowBytes * 3));
      expect(stage.backend.typed).toHaveLength(inputWindowBytes);
    });

    it('drops what is queued before an interrupt where that interrupts', async () => {
      const stage = new Stage();
      stage.terminal.input(Buffer.alloc(inputWindowBytes + 1000, 'o'));
      stage.terminal.input(Buffer.from('xx\x03after'));
      // The agent gives back what it drops before it answers.
      stage.terminal.onInputCredit(inputWindowBytes);
      stage.backend.interrupts[0]?.(true);
      await settled();
      expect(stage.backend.typed).toBe('o'.repeat(inputWindowBytes) + 'after');
    });

    it('drops what is left of a piece that credit came for before', async () => {
      const stage = new Stage();
      stage.terminal.input(Buffer.alloc(inputWindowBytes + 1000, 'o'));
      stage.terminal.onInputCredit(300);
      stage.terminal.input(Buffer.from('\x03after'));
      stage.terminal.onInputCredit(inputWindowBytes);
      stage.backend.interrupts[0]?.(true);
      await settled();
      expect(stage.backend.typed).toBe('o'.repeat(inputWindowBytes + 300) + 'after');
    });

    it('goes on once the last of several interrupts is answered', async () => {
      const stage = new Stage();
      const drained = jest.fn();
      stage.terminal.input(Buffer.alloc(inputWindowBytes + 10, 'o'));
      for (const line of ['\x03first', '\x03second']) stage.terminal.input(Buffer.from(line));
      stage.terminal.whenInputDrained(drained);
      stage.terminal.onInputCredit(inputWindowBytes);
      stage.backend.interrupts[0]?.(true);
      await settled();
      expect(stage.backend.typed).toBe('o'.repeat(inputWindowBytes));
      stage.backend.interrupts[1]?.(true);
      await settled();
      expect(stage.backend.typed).toBe('o'.repeat(inputWindowBytes) + 'second');
      expect(drained).toHaveBeenCalledTimes(1);
    });

    it('goes on in order where an interrupt fails', async () => {
      const stage = new Stage();
      const interrupt = jest
        .spyOn(stage.backend, 'interrupt')
        .mockRejectedValue(new Error('no process is in the foreground'));
      stage.terminal.input(Buffer.alloc(inputWindowBytes + 10, 'o'));
      stage.terminal.input(Buffer.from('\x03y'));
      stage.terminal.onInputCredit(inputWindowBytes);
      await settled();
      expect(interrupt).toHaveBeenCalledTimes(1);
      expect(stage.backend.typed).toBe('o'.repeat(inputWindowBytes + 10) + '\x03y');
    });

    it('keeps its order where the program takes the interrupt as a character', async () => {
      const stage = new Stage();
      stage.terminal.input(Buffer.alloc(inputWindowBytes + 10, 'o'));
      stage.terminal.input(Buffer.from('x\x03y'));
      stage.backend.interrupts[0]?.(false);
      await settled();
      stage.terminal.onInputCredit(inputWindowBytes);
      expect(stage.backend.typed).toBe('o'.repeat(inputWindowBytes + 10) + 'x\x03y');
    });

    it('sends an interrupt as it is where nothing is queued', () => {
      const stage = new Stage();
      stage.terminal.input(Buffer.from('\x03'));
      expect(stage.backend.typed).toBe('\x03');
      expect(stage.backend.interrupts).toHaveLength(0);
    });

    it('counts as activity', () => {
      const stage = new Stage();
      stage.terminal.input(Buffer.from('x'));
      expect(stage.activity).toHaveBeenCalledTimes(1);
    });
  });

  it('tells a new size to everybody, once', async () => {
    const stage = new Stage();
    const { socket } = stage.attach(viewer);
    await stage.terminal.resize(100, 30);
    await stage.terminal.resize(100, 30);
    expect(socket.told.filter(({ type }) => type === 'resized')).toEqual([{ type: 'resized', cols: 100, rows: 30 }]);
    expect(stage.backend.sizes).toEqual([[100, 30]]);
  });

  it('closes everybody, leaves no timer and takes nothing more', () => {
    const stage = new Stage();
    const sockets = [stage.attach(owner), stage.attach(viewer), stage.attach({ ...viewer, controlled: false })];
    stage.print('a');
    stage.print('b');
    stage.terminal.close('expired', { reason: 'idle' });
    for (const { socket } of sockets) {
      expect(socket.closed).toEqual([{ reason: 'expired', details: { reason: 'idle' } }]);
      expect(socket.text).toBe('ab');
    }
    stage.print('c');
    stage.terminal.input(Buffer.from('x'));
    for (const { attachment } of sockets) stage.terminal.detach(attachment);
    expect(jest.getTimerCount()).toBe(0);
    expect(stage.backend.typed).toBe('');
  });
});
