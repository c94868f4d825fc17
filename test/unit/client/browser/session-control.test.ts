import { describe, expect, it } from '@jest/globals';
import { SessionControl } from '../../../../client/browser/session-control.js';
import { SessionClient } from '../../../../client/session-client.js';
import { ReplError } from '../../../../client/repl-error.js';
import { WebSocketDouble } from '../../../doubles/web-socket-double.js';

const hello = { type: 'hello', epoch: 'e', offset: 0, cols: 80, rows: 24, role: 'owner' };
const session = {
  id: 'r.1',
  viewId: 'r.2',
  language: 'python',
  state: 'running',
  exit: null,
  cold: false,
  egress: [],
} as const;
const started = { ...session, createdAt: new Date(0), expiresAt: new Date(0) };

/** A client whose calls a test answers. */
class ClientDouble extends SessionClient {
  readonly ended: string[] = [];
  readonly signals: string[] = [];
  answerStart: (() => void) | null = null;
  refusal: ReplError | null = null;
  endRefusal: ReplError | null = null;

  override start() {
    const { refusal } = this;
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise<typeof started>((resolve) => {
      this.answerStart = () => {
        resolve(started);
      };
    });
  }

  override end(id: string) {
    this.ended.push(id);
    return this.endRefusal === null ? Promise.resolve() : Promise.reject(this.endRefusal);
  }

  override restart() {
    return Promise.resolve(started);
  }
}

function control() {
  const sockets: WebSocketDouble[] = [];
  const makeSocket = (url: string) => {
    const socket = new WebSocketDouble(url);
    sockets.push(socket);
    return socket;
  };
  const client = new ClientDouble({ url: 'http://runner', makeSocket });
  const phases: string[] = [];
  const nothing = (): void => undefined;
  const made = new SessionControl(client, {
    onPhase: ({ kind }) => phases.push(kind),
    onOutput: (_data, taken) => {
      taken();
    },
    ...{ onStarted: nothing, onHello: nothing, onReplayed: nothing, onReset: nothing, onResized: nothing },
    ...{ onRestarted: nothing, onExit: nothing, onWarning: nothing },
  });
  const socket = (): WebSocketDouble => {
    const last = sockets.at(-1);
    if (last === undefined) throw new Error('nothing was attached to');
    return last;
  };
  const live = async (): Promise<void> => {
    const starting = made.start({ language: 'python' });
    client.answerStart?.();
    await starting;
    socket().control(hello);
    socket().output('>>> ');
    socket().control({ type: 'replayed', offset: 4 });
  };
  return { made, client, phases, sockets, socket, live };
}

describe('SessionControl', () => {
  it('goes from nothing to a REPL that can be typed into', async () => {
    const { made, phases, socket, live } = control();
    await live();
    expect(phases).toEqual(['starting', 'connecting', 'live', 'live']);
    expect(socket().url).toBe('ws://runner/repl/r.1');
    expect(made.ready).toBe(true);
    made.detach();
    expect(made.phase).toEqual({ kind: 'idle' });
  });

  it('says why there is none', async () => {
    const { made, client } = control();
    client.refusal = new ReplError('capacity_exhausted', 'Full.', { retryable: true });
    await expect(made.start({ language: 'python' })).rejects.toThrow('Full.');
    expect(made.phase).toMatchObject({ kind: 'failed', error: { code: 'capacity_exhausted' } });
  });

  it('ends a session that was answered after it was called off', async () => {
    const { made, client, sockets } = control();
    const starting = made.start({ language: 'python' });
    made.detach();
    client.answerStart?.();
    await expect(starting).rejects.toMatchObject({ code: 'aborted' });
    expect(client.ended).toEqual(['r.1']);
    expect(sockets).toEqual([]);
    expect(made.phase).toEqual({ kind: 'idle' });
  });

  it('tells an end of the REPL from an end of the session', async () => {
    const { made, socket, live } = control();
    await live();
    socket().control({ type: 'exit', outcome: 'ok', exit_code: 3, signal: null });
    expect(made.phase).toMatchObject({ kind: 'exited', exit: { exitCode: 3 } });
    socket().control({ type: 'restarted', offset: 4 });
    expect(made.phase).toMatchObject({ kind: 'live' });
    socket().close(4408);
    expect(made.phase).toMatchObject({ kind: 'ended', error: { code: 'expired' } });
  });

  it('takes back what another page took over, when asked', async () => {
    const { made, sockets, socket, live } = control();
    await live();
    socket().close(4001);
    expect(made.phase).toMatchObject({ kind: 'ended', error: { code: 'taken_over' } });
    made.retry();
    expect(sockets).toHaveLength(2);
    expect(made.phase).toEqual({ kind: 'connecting' });
    made.detach();
  });

  it('blames nobody for an end that was asked for', async () => {
    const { made, client, socket, live } = control();
    await live();
    const ending = made.end();
    socket().close(4002);
    await ending;
    expect(client.ended).toEqual(['r.1']);
    expect(made.phase).toEqual({ kind: 'ended', error: null });
  });

  it('is not ready for keys while the REPL is being restarted', async () => {
    const { made, live } = control();
    await live();
    expect(made.ready).toBe(true);
    const restarting = made.restart({});
    expect(made.ready).toBe(false);
    await restarting;
    expect(made.ready).toBe(true);
    made.detach();
  });

  it('says that the REPL runs where it was restarted while the connection was away', async () => {
    const { made, sockets, socket, live } = control();
    await live();
    socket().control({ type: 'exit', outcome: 'ok', exit_code: 0, signal: null });
    const restarting = made.restart({});
    socket().close(1006);
    await restarting;
    made.retry();
    expect(sockets).toHaveLength(2);
    socket().control({ ...hello, offset: 4 });
    expect(made.phase).toMatchObject({ kind: 'live' });
    made.detach();
  });

  it('stays where it was when a call fails, or does well, after another page took the session over', async () => {
    const { made, client, socket, live } = control();
    await live();
    socket().close(4001);
    const over = { kind: 'ended', error: { code: 'taken_over' } };
    client.endRefusal = new ReplError('unreachable', 'Nobody there.');
    await expect(made.end()).rejects.toThrow('Nobody there.');
    expect(made.phase).toMatchObject(over);
    await made.restart({});
    expect(made.phase).toMatchObject(over);
  });

  it('says why a session that was started cannot be attached to', async () => {
    const { made, client } = control();
    client.attach = () => {
      throw new ReplError('no_websocket', 'None here.');
    };
    const starting = made.start({ language: 'python' });
    client.answerStart?.();
    await expect(starting).rejects.toThrow('None here.');
    expect(made.phase).toMatchObject({ kind: 'failed', error: { code: 'no_websocket' } });
  });

  it('interrupts on the connection that there is', async () => {
    const { made, socket, live } = control();
    await live();
    await made.interrupt();
    expect(socket().messages('signal')).toEqual([{ type: 'signal', name: 'SIGINT' }]);
    made.detach();
  });
});
