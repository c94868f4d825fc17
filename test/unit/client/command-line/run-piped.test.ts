import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { typePiped } from '../../../../client/command-line/run-piped.js';
import { ReplClient } from '../../../../client/repl-client.js';
import { WebSocketDouble } from '../../../doubles/web-socket-double.js';

const hello = { type: 'hello', epoch: 'e', offset: 0, cols: 80, rows: 24, role: 'owner' };
const closing = 2;

describe('typePiped', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    // The notice of a lost connection.
    jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  });

  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  it('types what could not be typed at first with the next connection', async () => {
    const sockets: WebSocketDouble[] = [];
    const makeSocket = (url: string) => {
      const socket = new WebSocketDouble(url);
      sockets.push(socket);
      return socket;
    };
    const client = new ReplClient({ url: 'http://runner', makeSocket });
    const ended = typePiped({ client, id: 'r.1' }, Buffer.from('1 + 1\n'), new AbortController().signal);
    const [first] = sockets;
    first?.control(hello);
    if (first !== undefined) first.readyState = closing;
    first?.control({ type: 'replayed', offset: 0 });
    first?.close(1006);
    jest.advanceTimersByTime(200);
    const [, second] = sockets;
    second?.control(hello);
    second?.control({ type: 'replayed', offset: 0 });
    second?.control({ type: 'exit', outcome: 'ok', exit_code: 0, signal: null });
    expect(await ended).toMatchObject({ exitCode: 0 });
    expect(first?.sentBytes).toEqual([]);
    expect(Buffer.from(second?.sentBytes ?? []).toString()).toBe('1 + 1\n\x04');
  });
});
