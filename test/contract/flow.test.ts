/**
 * Who holds a flooding program back, and who does not: the rule of flow (design D4) as the people at the sockets see it. A
 * flood is an endless count, so that every byte has its place.
 */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { logCapacityBytes } from '../../src/terminal/output-log.js';
import { describeOnEach } from '../support/describe-where.js';
import { groundPerDriver, type Ground } from '../support/grounds.js';
import { ResumingReader } from '../support/resuming-reader.js';
import { RunningService, type StartedSession } from '../support/running-service.js';
import type { TerminalClient } from '../support/terminal-client.js';

const subprotocol = 'repl.v1';
const flood = 'n = 0\rwhile True: n += 1; print(n)\r\r';
const graceSeconds = 1;

function contract(ground: Ground): void {
  let runner: RunningService;
  let sockets: TerminalClient[] = [];

  beforeAll(async () => {
    runner = await RunningService.start({ ...ground.env, REPL_RUNNER_RESUME_GRACE_SECONDS: String(graceSeconds) });
  });
  afterEach(async () => {
    for (const socket of sockets) socket.socket.resume();
    await Promise.all(sockets.map((socket) => socket.close()));
    sockets = [];
  });
  afterAll(async () => {
    await runner.stop();
  });

  function attach(path: string, controlled = true): TerminalClient {
    const client = runner.attach(path, controlled ? { subprotocol } : {});
    sockets.push(client);
    return client;
  }

  const viewOf = ({ view_id: id }: StartedSession): string => `/repl/${id}`;

  /** A session whose repl.v1 owner reads and never acknowledges, and one who watches; `start` is the owner's first offset. */
  async function held(): Promise<{
    session: StartedSession;
    owner: TerminalClient;
    viewer: TerminalClient;
    start: number;
  }> {
    const session = await runner.startSession();
    const owner = attach(session.websocket);
    const { offset } = await owner.untilMessage('hello');
    await owner.until('>>> ');
    const viewer = attach(viewOf(session));
    await viewer.until('>>> ');
    return { session, owner, viewer, start: Number(offset) };
  }

  it('holds the program to a log past the last ack, lets it go on by an ack, and interrupts it at once', async () => {
    const { owner, viewer, start } = await held();
    owner.type(flood);
    await viewer.untilLength(logCapacityBytes);
    expect(viewer.output.length).toBe(logCapacityBytes);
    owner.control({ type: 'ack', offset: start + 100_000 });
    await viewer.untilLength(logCapacityBytes + 100_000);
    expect(viewer.output.length).toBe(logCapacityBytes + 100_000);
    owner.type('\x03');
    owner.control({ type: 'ack', offset: start + 200_000 });
    await viewer.until('KeyboardInterrupt');
  });

  it('keeps other sessions quick while an owner has stopped reading', async () => {
    const { owner } = await held();
    owner.socket.pause();
    owner.socket.send(Buffer.from(flood), { binary: true });
    const other = await runner.prompt();
    sockets.push(other.terminal);
    for (let round = 0; round < 20; round += 1) expect(await other.terminal.run('6 * 7')).toContain('42');
    owner.socket.send(Buffer.from('\x03'), { binary: true });
    owner.socket.resume();
    owner.acknowledgeAll();
    await owner.until('KeyboardInterrupt');
  });

  it('is not held back by a viewer that has stopped reading, who is skipped ahead and told so', async () => {
    const session = await runner.startSession();
    let tail = '';
    const owner = new ResumingReader((data) => {
      tail = (tail + data.toString('latin1')).slice(-100);
    });
    await owner.attach(runner.url + session.websocket);
    const viewer = attach(viewOf(session));
    await viewer.until('>>> ');
    viewer.socket.pause();
    // More than the kernel takes for a socket that nobody reads.
    owner.type('for i in range(1_500_000): print(i)\r\r');
    await owner.until(() => tail.includes('1499999\r\n'));
    viewer.socket.resume();
    await viewer.untilMessage('reset');
    await viewer.untilBytes('1499999\r\n', 0);
    await owner.detach(true);
  });

  it('runs on when its owner stays away for longer than the grace, and keeps the newest', async () => {
    const { session, owner, viewer, start } = await held();
    const { epoch } = await owner.untilMessage('hello');
    owner.type('for i in range(100_000): print(i)\r\r');
    await viewer.untilLength(logCapacityBytes);
    await owner.close();
    await viewer.until(/99999\r\n.*>>> /s);
    const back = attach(`${session.websocket}?epoch=${String(epoch)}&offset=${start}`);
    await back.untilMessage('reset');
    await back.until(/99999\r\n.*>>> /s);
    // And what the program draws anew for a terminal that was reset.
    expect(back.output.length).toBeLessThan(logCapacityBytes + 1000);
  });

  it('runs free without an owner, and shows whoever comes the newest from a whole line on', async () => {
    const session = await runner.startSession({ startup: 'for i in range(200_000): print(i)' });
    await attach(viewOf(session)).until(/199999\r\n.*>>> /s);
    const raw = attach(session.websocket, false);
    await raw.until(/199999\r\n.*>>> /s);
    const [first = ''] = raw.text.split('\r\n');
    expect(Number(first)).toBeGreaterThan(0);
    expect(raw.text.split('\r\n').slice(0, 1000)).toEqual(
      Array.from({ length: 1000 }, (_, line) => String(Number(first) + line)),
    );
  });

  it('obeys one owner: a new one takes over, its size counts, and a viewer can do nothing', async () => {
    const { session, owner, viewer } = await held();
    viewer.socket.send(Buffer.from('print("nobo" + "dy")\r'), { binary: true });
    viewer.control({ type: 'resize', cols: 33, rows: 11 });
    viewer.control({ type: 'signal', name: 'SIGKILL' });
    const next = attach(`${session.websocket}?cols=101&rows=31`);
    expect((await owner.closed).code).toBe(4001);
    expect(await viewer.untilMessage('resized')).toMatchObject({ cols: 101, rows: 31 });
    await next.until('>>> ');
    expect(await next.run('import os; tuple(os.get_terminal_size())')).toContain('(101, 31)');
    expect(viewer.text).not.toContain('nobody');
  });
}

describeOnEach(groundPerDriver, 'The flow of output on', contract);
