import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { giveUpAfterMs } from '../../../client/backoff.js';
import { ReplError } from '../../../client/repl-error.js';
import { TerminalConnection, type TerminalPlace } from '../../../client/terminal-connection.js';
import type { ConnectionState } from '../../../client/terminal-listener.js';
import { WebSocketDouble } from '../../doubles/web-socket-double.js';

const hello = { type: 'hello', epoch: 'e', offset: 0, cols: 80, rows: 24, role: 'owner' };

/** A connection whose consumer takes output when a test says so. */
function attached(attachToken: TerminalPlace['attachToken'] = null) {
  const sockets: WebSocketDouble[] = [];
  const states: ConnectionState[] = [];
  const heard: string[] = [];
  const taken: (() => void)[] = [];
  const makeSocket = (url: string, subprotocols: string | string[]) => {
    const socket = new WebSocketDouble(url, subprotocols);
    sockets.push(socket);
    return socket;
  };
  const connection = new TerminalConnection(
    { url: 'ws://runner/repl/id', makeSocket, attachToken },
    {
      onOutput: (data, done) => {
        heard.push(new TextDecoder().decode(data));
        taken.push(done);
      },
      onState: (state) => states.push(state),
      onReset: () => heard.push('(reset)'),
      onReplayed: () => heard.push('(replayed)'),
    },
  );
  const socket = (): WebSocketDouble => {
    const last = sockets.at(-1);
    if (last === undefined) throw new Error('no socket was made');
    return last;
  };
  const takeAll = (): void => {
    for (const done of taken.splice(0)) done();
  };
  return { connection, sockets, socket, states, heard, takeAll };
}

describe('TerminalConnection', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('keeps what is typed until old output was taken, but not what the terminal answers to that', () => {
    const { connection, socket, heard, takeAll } = attached();
    expect(connection.input(new Uint8Array([65]))).toBe(true);
    socket().control(hello);
    socket().output('old');
    socket().control({ type: 'replayed', offset: 3 });
    expect(connection.input(new TextEncoder().encode('\x1b[12;40R'))).toBe(false);
    expect(connection.input(new Uint8Array([66]))).toBe(true);
    expect(socket().sentBytes).toEqual([]);
    takeAll();
    expect(heard).toEqual(['old', '(replayed)']);
    expect(socket().sentBytes).toEqual([65, 66]);
    expect(connection.input(new Uint8Array([67]))).toBe(true);
    expect(socket().sentBytes).toEqual([65, 66, 67]);
    connection.close();
  });

  it('acknowledges what was taken, not what came', () => {
    const { connection, socket, takeAll } = attached();
    socket().control(hello);
    socket().output('x'.repeat(20_000));
    expect(socket().messages('ack')).toEqual([]);
    takeAll();
    expect(socket().messages('ack')).toEqual([{ type: 'ack', offset: 20_000 }]);
    connection.close();
  });

  it('resumes after what came, with its size', () => {
    const { connection, sockets, socket, states } = attached();
    socket().control(hello);
    connection.resize({ cols: 100, rows: 30 });
    socket().output('12345');
    socket().close(1006);
    expect(states.at(-1)).toMatchObject({ kind: 'waiting' });
    jest.advanceTimersByTime(200);
    expect(sockets).toHaveLength(2);
    expect(socket().url).toBe('ws://runner/repl/id?epoch=e&offset=5');
    socket().control({ ...hello, offset: 5 });
    expect(socket().messages('resize')).toEqual([{ type: 'resize', cols: 100, rows: 30 }]);
    connection.close();
  });

  it('says reset where another sandbox answers', () => {
    const { connection, socket, heard } = attached();
    socket().control(hello);
    socket().output('one');
    socket().close(1012);
    jest.advanceTimersByTime(200);
    socket().control({ ...hello, epoch: 'f' });
    expect(heard).toEqual(['one', '(reset)']);
    connection.close();
  });

  it.each([
    [4001, 'taken_over'],
    [4404, 'unknown'],
    [4408, 'expired'],
  ])('does not come back after %d', (code, name) => {
    const { sockets, socket, states } = attached();
    socket().control(hello);
    socket().close(code);
    jest.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    expect(states.at(-1)).toMatchObject({ kind: 'closed', error: { code: name } });
  });

  it('gives up in the end, and begins anew when asked', () => {
    const { connection, sockets, socket, states } = attached();
    const refuse = (): void => {
      socket().close(1006);
    };
    refuse();
    const until = performance.now() + giveUpAfterMs + 10_000;
    while (performance.now() < until && states.at(-1)?.kind !== 'lost') {
      jest.advanceTimersToNextTimer();
      refuse();
    }
    expect(states.at(-1)).toMatchObject({ kind: 'lost', error: { code: 'connection_lost', retryable: true } });
    const tried = sockets.length;
    connection.retry();
    expect(sockets).toHaveLength(tried + 1);
    socket().control(hello);
    expect(connection.state).toEqual({ kind: 'open', role: 'owner' });
    connection.close();
  });

  it('finds a silent connection within 45 s', () => {
    const { connection, sockets, socket } = attached();
    socket().control(hello);
    jest.advanceTimersByTime(20_000);
    expect(socket().messages('ping')).toHaveLength(1);
    socket().control({ type: 'pong', t: 1 });
    jest.advanceTimersByTime(45_000);
    expect(sockets.length).toBeGreaterThan(1);
    connection.close();
  });

  it('tries again when there is no answer to the handshake', () => {
    const { connection, sockets } = attached();
    jest.advanceTimersByTime(10_300);
    expect(sockets).toHaveLength(2);
    connection.close();
  });

  it('lets a viewer type nothing', () => {
    const { connection, socket } = attached();
    socket().control({ ...hello, role: 'viewer' });
    socket().control({ type: 'replayed', offset: 0 });
    expect(connection.input(new Uint8Array([65]))).toBe(false);
    connection.close();
  });

  it('asks for an attach token before each connection', async () => {
    const tokens = ['first', 'second'];
    const { connection, sockets, socket } = attached(() => tokens.shift() ?? 'none');
    expect(sockets).toEqual([]);
    await jest.advanceTimersByTimeAsync(0);
    expect(socket().subprotocols).toEqual(['repl.v1', 'repl.attach.first']);
    socket().control(hello);
    socket().close(1006);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(socket().subprotocols).toEqual(['repl.v1', 'repl.attach.second']);
    connection.close();
  });

  it('tries again where no token can be had, unless that is for good', async () => {
    const failures = [new TypeError('fetch failed'), new ReplError('forbidden', 'Not you.')];
    const { connection, sockets, states } = attached(() =>
      Promise.reject(failures.shift() ?? new Error('asked again')),
    );
    await jest.advanceTimersByTimeAsync(0);
    expect(states.at(-1)).toMatchObject({ kind: 'waiting' });
    await jest.advanceTimersByTimeAsync(5_000);
    expect(states.at(-1)).toMatchObject({ kind: 'closed', error: { code: 'forbidden' } });
    expect(sockets).toEqual([]);
    connection.close();
  });

  it.each([
    ['tries again', 'waiting', new TypeError('no storage')],
    ['ends for good', 'closed', new ReplError('forbidden', 'Not you.')],
  ])('%s where the question for a token itself throws', async (_what, kind, error) => {
    const { connection, states } = attached(() => {
      throw error;
    });
    expect(states).toEqual([]);
    await jest.advanceTimersByTimeAsync(0);
    expect(connection.state).toMatchObject({ kind });
    connection.close();
  });

  it('leaves nothing behind where no socket can be made', () => {
    const makeSocket = (): never => {
      throw new ReplError('no_websocket', 'None here.');
    };
    const place = { url: 'ws://runner/repl/id', makeSocket, attachToken: null };
    expect(() => new TerminalConnection(place, { onOutput: () => undefined })).toThrow('None here.');
  });

  it.each([
    ['tries again', 'open', new TypeError('not now')],
    ['ends for good', 'closed', new ReplError('forbidden', 'Not you.')],
  ])('%s where a lost connection cannot have another socket', (_what, kind, error) => {
    const made: WebSocketDouble[] = [];
    const failures = [null, error];
    const makeSocket = (url: string) => {
      const failure = failures.shift() ?? null;
      if (failure !== null) throw failure;
      const socket = new WebSocketDouble(url);
      made.push(socket);
      return socket;
    };
    const place = { url: 'ws://runner/repl/id', makeSocket, attachToken: null };
    const connection = new TerminalConnection(place, { onOutput: () => undefined });
    made[0]?.control(hello);
    made[0]?.close(1006);
    jest.advanceTimersByTime(1_000);
    made[1]?.control(hello);
    expect(connection.state).toMatchObject({ kind });
    connection.close();
  });

  it('opens nothing by a token that comes when it was left', async () => {
    let give: (token: string) => void = () => undefined;
    const { connection, sockets } = attached(() => new Promise((resolve) => (give = resolve)));
    connection.close();
    give('late');
    await jest.advanceTimersByTimeAsync(0);
    expect(sockets).toEqual([]);
  });
});
