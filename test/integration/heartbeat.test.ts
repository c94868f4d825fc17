/** Browsers that vanish without a word: real websockets on a beat that is quicker than the runner's. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import type { Session } from '../../src/session/session.js';
import { Terminal } from '../../src/terminal/terminal.js';
import { TerminalUpgrade, type Heartbeat } from '../../src/terminal/upgrade.js';
import { FakeBackend } from '../doubles/fake-backend.js';

const impatient = { pingIntervalMs: 100, deadAfterMs: 250 };
/** A beat that a busy machine keeps up with; one that does not answer would be given up within the beats that are waited for. */
const patient = { pingIntervalMs: 500, deadAfterMs: 4_000 };
const patientBeats = (2 * patient.deadAfterMs) / patient.pingIntervalMs;

describe('the heartbeat of websockets', () => {
  let server: Server;
  let upgrade: TerminalUpgrade;

  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  /** Resolves when the owner is detached. */
  function listen(heartbeat: Heartbeat): Promise<void> {
    return new Promise((onOwnerDetached) => {
      const listener = { onActivity: () => undefined, onOwnerAttached: () => undefined, onOwnerDetached };
      const settings = { epoch: 'e', cols: 80, rows: 24, resumeGraceMs: 0, offset: 0 };
      const terminal = new Terminal(new FakeBackend(), listener, settings);
      terminal.open(settings);
      // All of a session that an upgrade without a size touches.
      const session = { terminal } as unknown as Session;
      upgrade = new TerminalUpgrade(server, {
        sessions: { find: () => ({ session, role: 'owner' }) },
        authorized: () => true,
        originAllowed: () => true,
        attachVerdict: () => ({ kind: 'allowed', role: null }),
        listener: {
          onAttached: () => () => undefined,
          onRefused: () => undefined,
          onClosing: () => undefined,
          onBytes: () => undefined,
        },
        heartbeat,
      });
    });
  }

  afterEach(async () => {
    upgrade.close();
    server.close();
    await once(server, 'close');
    expect(upgrade.openSockets).toBe(0);
  });

  async function connect(autoPong: boolean): Promise<{ socket: WebSocket; closed: Promise<unknown> }> {
    const { port } = server.address() as AddressInfo;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/repl/a.b`, 'repl.v1', { autoPong });
    const closed = once(socket, 'close');
    await once(socket, 'open');
    return { socket, closed };
  }

  it('gives up a browser that does not answer, and its session learns that its owner is gone', async () => {
    const detached = listen(impatient);
    const { closed } = await connect(false);
    await closed;
    await detached;
  });

  it('keeps one that answers', async () => {
    void listen(patient);
    const { socket, closed } = await connect(true);
    const givenUp = closed.then(() => {
      throw new Error('It was given up.');
    });
    givenUp.catch(() => undefined);
    for (let beat = 0; beat < patientBeats; beat += 1) await Promise.race([once(socket, 'ping'), givenUp]);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.close();
    await closed;
  });
});
