/** The agent's end of the way out: the port on the loopback, and connections to it as channels with credit. */
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ChannelDuplex } from '../../src/agent/channel-duplex.js';
import { AgentConversation } from '../doubles/agent-conversation.js';

const port = 3128;
const open: AgentConversation[] = [];

/** A session with its way out open, and the connections that its programs make. */
async function started(): Promise<{ talk: AgentConversation; next: () => Promise<ChannelDuplex> }> {
  const talk = new AgentConversation();
  open.push(talk);
  const came: ChannelDuplex[] = [];
  let tell = (): void => undefined;
  talk.connection.acceptConnections((connection) => {
    connection.on('error', () => undefined);
    came.push(connection);
    tell();
  });
  await talk.greet();
  await talk.connection.request('egress', { port, grant: 'a note' });
  const begun = talk.connection.start({ cols: 80, rows: 24, env: {}, startup: null, files: null });
  talk.flow();
  await begun;
  await talk.says('>>> ');
  await talk.answer(`import socket; new = lambda: socket.create_connection(("127.0.0.1", ${port}))`);
  const next = async (): Promise<ChannelDuplex> => {
    while (came.length === 0) {
      await new Promise<void>((resolve) => {
        tell = resolve;
      });
    }
    const [connection] = came.splice(0, 1);
    if (connection === undefined) throw new Error('no connection');
    return connection;
  };
  return { talk, next };
}

describe('the way out of the agent', () => {
  afterEach(async () => {
    await Promise.all(open.splice(0).map((talk) => talk.end()));
  });

  it('is not there before it is asked for, and is opened once', async () => {
    const talk = new AgentConversation();
    open.push(talk);
    await talk.begin();
    expect(await talk.answer(`import socket; socket.create_connection(("127.0.0.1", ${port}))`)).toMatch(
      /ConnectionRefused/,
    );
    await talk.connection.request('egress', { port, grant: null });
    await expect(talk.connection.request('egress', { port, grant: null })).rejects.toThrow(/open already/);
  });

  it('carries bytes both ways, and an end from either side', async () => {
    const { talk, next } = await started();
    await talk.answer('a = new(); a.sendall(b"to the runner")');
    const first = await next();
    expect(String(((await once(first, 'data')) as [Buffer])[0])).toBe('to the runner');
    first.write('to the program');
    expect(await talk.answer('a.recv(100)')).toContain("b'to the program'");
    first.end('the last words');
    expect(await talk.answer('a.recv(100), a.recv(100)')).toContain("(b'the last words', b'')");

    await talk.answer('b = new(); b.sendall(b"bye"); b.close()');
    const second = await next();
    second.resume();
    await once(second, 'end');
    second.write('nobody hears that');
    second.destroy();
  });

  it('carries much, either way, no faster than it is taken', async () => {
    const { talk, next } = await started();
    const bytes = 32 * 1024 * 1024; // more than the kernel's own buffers

    await talk.answer('c = new(); c.sendall(b"?")');
    const down = await next();
    await once(down, 'data');
    let sent = false;
    down.write(Buffer.alloc(bytes, 'x'), () => {
      sent = true;
    });
    expect(await talk.answer('1 + 1')).toContain('2');
    expect(sent).toBe(false); // the program has taken nothing yet
    expect(await talk.answer(`len(c.makefile("rb").read(${bytes}))`)).toContain(String(bytes));
    await talk.until(() => sent, 'all of it sent');

    await talk.answer('import threading; d = new()');
    const up = await next();
    up.pause();
    await talk.answer(`t = threading.Thread(target=lambda: (d.sendall(bytes(${bytes})), d.close())); t.start()`);
    expect(await talk.answer('t.join(0.2); t.is_alive()')).toContain('True');
    let came = 0;
    up.on('data', (data: Buffer) => {
      came += data.length;
    });
    up.resume();
    await once(up, 'end');
    expect(came).toBe(bytes);
  });

  it('takes no more connections than it may, and the next once one has ended', async () => {
    const { talk, next } = await started();
    await talk.answer('many = [new() for _ in range(70)]; late = many[-1]; late.sendall(b"late")');
    const taken: ChannelDuplex[] = [];
    while (taken.length < 64) taken.push(await next());
    expect(await talk.answer('1 + 1')).toContain('2');
    for (const connection of taken) connection.destroy();
    while (taken.length < 70) taken.push(await next());
    const last = taken.at(-1);
    if (last === undefined) throw new Error('no connection');
    expect(String(((await once(last, 'data')) as [Buffer])[0])).toBe('late');
  });

  it('ends connections with the runner that they led to, and tells the next one what was left with it', async () => {
    const { talk, next } = await started();
    await talk.answer('e = new(); e.settimeout(60)');
    await next();
    const state = await talk.sync('a', false);
    expect(state.egress).toBe('a note');
    talk.flow();
    talk.type('"said", "anew"'); // behind what the log says again
    await talk.says("('said', 'anew')");
    await talk.says('>>> ');
    expect(await talk.answer('e.recv(1)')).toContain("b''");
    await talk.answer('f = new(); f.sendall(b"again")');
    expect(String(((await once(await next(), 'data')) as [Buffer])[0])).toBe('again');
  });
});
