/**
 * 1,000 upgrades, each aborted at a random moment by the client or by the replica: before the request is whole, before the
 * 101, within it, or in the middle of the stream. Nothing of it may stay open on either side of the proxy, and nothing may
 * reach its process as an uncaught error.
 */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FakeReplica } from '../doubles/fake-replica.js';
import { describeWhere } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { grounds } from '../support/grounds.js';
import { connectionsOfPort, socketsOfProcess } from '../support/open-sockets.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { RunningService } from '../support/running-service.js';
import { Random } from '../support/random.js';
import { TerminalClient } from '../support/terminal-client.js';

const ground = grounds.find(({ name, available }) => name === 'bubblewrap host' && available);
const onGround = describeWhere(ground !== undefined);
const upgrades = 1000;
const atOnce = 50;
/** An upgrade to a replica on this machine takes about 3 ms, under this load some more. */
const latestAbortMs = 25;
/** A client that leaves the abort to the replica gives up by itself after this. */
const patienceMs = 300;
const seed = 4;
function pick<T>(random: Random, choices: readonly [T, ...T[]]): T {
  return choices[random.below(choices.length)] ?? choices[0];
}

function request(id: string): string {
  const key = Buffer.alloc(16, 7).toString('base64');
  const headers = ['Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  return [`GET /repl/${id} HTTP/1.1`, ...headers, `Sec-WebSocket-Key: ${key}`, '', ''].join('\r\n');
}

/** Some ways in which a socket can come to its end. */
const ends = {
  reset: (socket: Socket) => void socket.resetAndDestroy(),
  close: (socket: Socket) => void socket.destroy(),
  halfClose: (socket: Socket) => void socket.end(),
  garbage: (socket: Socket) => void socket.end(Buffer.alloc(5000, 0xff)),
} as const;

/** Resolves when the client's socket is closed, whoever closed it. */
function abortedUpgrade(port: number, id: string, random: Random): Promise<void> {
  const text = request(id);
  const sent = random.next() < 0.1 ? text.slice(0, random.below(text.length)) : text;
  const end = pick(random, [ends.reset, ends.close, ends.halfClose, ends.garbage, null]);
  const reads = random.next() < 0.9;
  const delayMs = random.next() * latestAbortMs;
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false });
    const timers = [setTimeout(() => socket.destroy(), patienceMs)];
    if (end !== null) timers.push(setTimeout(end, delayMs, socket));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      timers.forEach(clearTimeout);
      resolve();
    });
    if (reads) socket.resume();
    socket.write(sent);
  });
}

/** A replica that ends every upgrade in some bad way, or leaves it to the client. */
function rudeReplica(random: Random): Promise<FakeReplica> {
  const accepted = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
  return FakeReplica.start({
    name: 'rude',
    onUpgrade: (_request, socket) => {
      socket.resume();
      const words = pick(random, [
        '',
        accepted,
        accepted,
        accepted,
        accepted.slice(0, 40),
        'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 10\r\n\r\nfull',
        '\0\0\0\0',
      ]);
      if (words !== '') socket.write(words);
      if (words === accepted && random.next() < 0.5) socket.write(Buffer.alloc(random.below(200_000), 0x82));
      const end = pick(random, [ends.reset, ends.close, ends.halfClose, ends.garbage, null]);
      if (end === null) return;
      const timer = setTimeout(end, random.next() * latestAbortMs, socket);
      socket.once('close', () => {
        clearTimeout(timer);
      });
    },
  });
}

onGround('Aborted upgrades', () => {
  let runner: RunningService;
  let rude: FakeReplica;
  let proxy: ProxyProcess;

  beforeAll(async () => {
    rude = await rudeReplica(new Random(seed + 1));
    runner = await RunningService.start(ground?.env ?? {});
    proxy = await ProxyProcess.start({ REPL_PROXY_REPLICAS: `${runner.url},${rude.url}` });
  });

  afterAll(async () => {
    expect(await proxy.stop()).toBe(0);
    expect(proxy.said).not.toMatch(/uncaught|unhandled|at .*\.js:\d+|Warning/i);
    await runner.stop();
    expect(rude.open).toBe(0);
    await rude.stop();
  });

  it('leave no socket behind on either side, and no uncaught error', async () => {
    const random = new Random(seed);
    const session = await runner.startSession();
    const port = Number(proxy.url.port);
    const terminal = (): TerminalClient =>
      new TerminalClient(new URL(session.websocket, proxy.url).href.replace('http', 'ws'));
    const before = terminal();
    await before.until('>>> ');
    await before.close();
    await eventually('a quiet proxy', () => connectionsOfPort(port) === 0);
    const idle = socketsOfProcess(proxy.pid);
    for (let round = 0; round < upgrades / atOnce; round += 1) {
      const ids = Array.from({ length: atOnce }, () =>
        pick(random, [session.id, session.view_id, rude.newId(), rude.newId()]),
      );
      await Promise.all(ids.map((id) => abortedUpgrade(port, id, random)));
    }
    expect(rude.requests.length).toBeGreaterThan(upgrades / 4);
    // The looks at /ready come and go, hence "eventually".
    await eventually('an end of every connection to the proxy', () => connectionsOfPort(port) === 0);
    await eventually('an end of every connection to the rude replica', () => rude.open === 0);
    const runnerPort = Number(new URL(runner.url).port);
    await eventually('an end of every connection to the runner', () => connectionsOfPort(runnerPort) === 0);
    await eventually('a proxy as idle as before', () => socketsOfProcess(proxy.pid) <= idle);
    const after = terminal();
    await after.until('>>> ');
    expect(await after.run('6 * 7')).toContain('42');
    await after.close();
  });
});
