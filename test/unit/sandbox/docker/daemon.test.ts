/** What becomes of calls to a daemon that takes too long. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Daemon } from '../../../../src/sandbox/docker/daemon.js';
import { useFakeClock } from '../../../doubles/fake-clock.js';

describe('Daemon', () => {
  const folder = mkdtempSync(join(tmpdir(), 'daemon-'));
  const socketPath = join(folder, 'docker.sock');
  let server: Server;

  beforeEach(async () => {
    useFakeClock();
    server = createServer().listen(socketPath);
    await once(server, 'listening');
  });
  afterEach(async () => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
    server.close();
    await once(server, 'close');
    rmSync(folder, { recursive: true, force: true });
  });

  it('closes an attachment that comes when nobody waits for it any more', async () => {
    const daemon = new Daemon(socketPath);
    const attaching = daemon.attach('some', { stdin: true });
    const refused = expect(attaching).rejects.toMatchObject({ code: 'driver_unavailable' });
    const [, socket] = (await once(server, 'upgrade')) as [unknown, Duplex];
    jest.advanceTimersByTime(30_000);
    await refused;
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    socket.resume();
    await once(socket, 'end');
    socket.end();
    daemon.close();
  });
});
