/** What the proxy does with replicas that are full, away, wrong, slow or rude; the replicas are doubles. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { newSessionId } from '../../src/ids.js';
import { within } from '../doubles/within.js';
import { eventually } from '../support/eventually.js';
import { patienceMs } from '../support/patience.js';
import { type OnRequest, closed, created, useReplicas } from '../support/replicas.js';

describe('The proxy', () => {
  const { replica, proxyOf } = useReplicas();

  describe('finding sessions', () => {
    it('sends each to its replica, with headers of its own', async () => {
      const [one, two] = [await replica({ name: 'one' }), await replica({ name: 'two' })];
      const apiToken = 'the-token-of-the-proxy';
      const proxy = await proxyOf({ replicas: [one.url, two.url], apiToken });
      const id = two.newId();
      const headers = {
        Authorization: 'Bearer stolen',
        Cookie: 'secret=1',
        'X-Forwarded-For': '192.0.2.1',
        'X-Forwarded-Proto': 'https',
      };
      expect((await proxy.call('GET', `/repl/${id}/files/a%20b?x=1`, undefined, headers)).status).toBe(200);
      expect(one.requests).toEqual([]);
      const [request] = two.requests;
      expect(request?.url).toBe(`/repl/${id}/files/a%20b?x=1`);
      expect(request?.headers).toMatchObject({
        authorization: `Bearer ${apiToken}`,
        host: `127.0.0.1:${two.port}`,
        'x-forwarded-for': '192.0.2.1, 127.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': new URL(proxy.url).host,
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(request?.headers).not.toHaveProperty('cookie');
    });

    it('follows sessions to the replica that has adopted them', async () => {
      const [one, two] = [await replica({ name: 'one' }), await replica({ name: 'two' })];
      const proxy = await proxyOf({ replicas: [one.url, two.url] });
      const id = one.newId();
      expect((await proxy.call('GET', `/repl/${id}`)).status).toBe(200);
      await one.stop();
      two.serves = ['one'];
      await eventually('adoption', async () => (await proxy.call('GET', `/repl/${id}`)).status === 200);
      expect(two.requests.at(-1)?.url).toBe(`/repl/${id}`);
    });

    it('asks all who answer to a name for the session, when they are several', async () => {
      const has =
        (id: string): OnRequest =>
        (request, response) =>
          void response.writeHead(request.url?.includes(id) === true ? 200 : 404).end();
      const [here, there] = [newSessionId('one'), newSessionId('one')];
      const one = await replica({ name: 'one', onRequest: has(here) });
      const two = await replica({ name: 'two', onRequest: has(there) });
      two.serves = ['one'];
      const proxy = await proxyOf({ replicas: [one.url, two.url] });
      expect((await proxy.call('GET', `/repl/${here}`)).status).toBe(200);
      expect((await proxy.call('GET', `/repl/${there}`)).status).toBe(200);
      expect((await proxy.call('GET', `/repl/${one.newId()}`)).status).toBe(404);
      await one.stop();
      expect((await proxy.call('GET', `/repl/${there}`)).status).toBe(200);
      expect((await proxy.call('GET', `/repl/${here}`)).status).toBe(503);
    });

    it('says 503 and 1013 while a replica is away, 410 and 4410 when it is gone', async () => {
      const one = await replica({ name: 'one' });
      const patient = await proxyOf({ replicas: [one.url], bounds: { awayMs: 10 * patienceMs } });
      const hasty = await proxyOf({ replicas: [one.url], bounds: { awayMs: 1 } });
      const id = one.newId();
      for (const proxy of [patient, hasty]) expect((await proxy.call('GET', `/repl/${id}`)).status).toBe(200);
      const never = await patient.call('GET', `/repl/${newSessionId('never-seen')}`);
      expect(never).toMatchObject({ status: 503, body: { error: { code: 'replica_unavailable', retryable: true } } });
      expect(never.headers.get('retry-after')).toBe('1');
      await one.stop();
      expect((await patient.call('GET', `/repl/${id}`)).status).toBe(503);
      expect(await closed(patient, id)).toMatchObject({ code: 1013, reason: { reason: 'not_yet' } });
      await eventually('410', async () => (await hasty.call('GET', `/repl/${id}`)).status === 410);
      expect(await closed(hasty, id)).toMatchObject({ code: 4410, reason: { reason: 'gone' } });
      const back = await replica({ name: 'one' }, one.port);
      await eventually('return', async () => (await hasty.call('GET', `/repl/${id}`)).status === 200);
      expect(back.requests).toHaveLength(1);
    });

    it('knows malformed ids at once', async () => {
      const one = await replica({ name: 'one' });
      const proxy = await proxyOf({ replicas: [one.url] });
      for (const id of ['x', '127.0.0.1.x', `one.${'0'.repeat(36)}`]) {
        expect((await proxy.call('GET', `/repl/${id}`)).status).toBe(404);
        expect(await closed(proxy, id)).toMatchObject({ code: 4404, reason: { reason: 'unknown' } });
      }
      expect(one.requests).toEqual([]);
    });

    it('uses a replica that appears, while another one hangs', async () => {
      const looks = new Set<Socket>();
      const [hanging, absent] = [createServer(), createServer()];
      hanging.on('connection', (socket) => looks.add(socket.resume().on('error', () => undefined)));
      const refused = new Promise<void>((resolve) => {
        absent.on('connection', (socket) => {
          socket.destroy();
          resolve();
        });
      });
      for (const server of [hanging, absent])
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const [port, freePort] = [hanging, absent].map((server) => (server.address() as AddressInfo).port);
      const replicas = [port, freePort].map((each) => `http://127.0.0.1:${each}`);
      // What waited for the hanging one would wait for ever.
      const proxy = await proxyOf({ replicas, bounds: { pollMs: 1_000, probeTimeoutMs: 10 * patienceMs } });
      await eventually('a look at the hanging one', () => looks.size > 0);
      await refused;
      await new Promise((resolve) => absent.close(resolve));
      await replica({ name: 'one', onRequest: created }, freePort);
      await eventually('use', () => proxy.proxy.ready);
      expect((await proxy.call('POST', '/repl', {})).status).toBe(201);
      await proxy.stop();
      for (const socket of looks) socket.destroy();
      await new Promise((resolve) => hanging.close(resolve));
    });

    it('avoids one that fails at once, and looks at it again soon, then less often', async () => {
      const [failing, sound] = [await replica({ name: 'one' }), await replica({ name: 'two', onRequest: created })];
      const proxy = await proxyOf({ replicas: [failing.url, sound.url], bounds: { pollMs: 1_000 } });
      await eventually('a look at both', () => failing.looks > 0 && sound.looks > 0);
      await failing.stop();
      expect((await proxy.call('GET', `/repl/${failing.newId()}`)).status).toBe(503);
      const looks: number[] = [];
      const port = createServer((socket) => {
        looks.push(performance.now());
        socket.on('error', () => undefined).destroy();
      });
      await new Promise<void>((resolve) => port.listen(failing.port, '127.0.0.1', resolve));
      for (let round = 0; round < 5; round += 1) expect((await proxy.call('POST', '/repl', {})).status).toBe(201);
      await eventually('looks', () => looks.length >= 4);
      const gaps = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
      // An eighth of the interval, a quarter, a half; some less, as they are jittered.
      for (const [index, gap] of gaps.slice(0, 3).entries()) expect(gap).toBeGreaterThan(110 * 2 ** index);
      await proxy.stop();
      await new Promise((resolve) => port.close(resolve));
    });

    it('finds replicas behind a DNS name', async () => {
      const one = await replica({ name: 'one', onRequest: created });
      const proxy = await proxyOf({ replicas: { dns: `http://localhost:${one.port}` } });
      expect((await proxy.call('POST', '/repl', {})).status).toBe(201);
      expect((await proxy.call('GET', `/repl/${one.newId()}`)).status).toBe(201);
    });

    it('refuses addresses that cannot be one of a runner', async () => {
      for (const replicas of [[], ['runner:4657'], ['http://a/b'], ['ftp://a'], { dns: 'https://a' }]) {
        await expect(proxyOf({ replicas })).rejects.toThrow(TypeError);
      }
    });
  });

  describe('calls', () => {
    it('end as an error that cannot be taken for an answer when the replica breaks off', async () => {
      const one = await replica({
        name: 'one',
        onRequest: (request, response) => {
          response.writeHead(200, { 'Content-Length': '1000000' });
          response.write('x'.repeat(100_000), () => request.socket.resetAndDestroy());
        },
      });
      const proxy = await proxyOf({ replicas: [one.url] });
      await expect(proxy.call('GET', `/repl/${one.newId()}`)).rejects.toThrow();
      expect((await proxy.call('GET', `/repl/x`)).status).toBe(404);
    });

    it('are bounded when the replica is silent, before its answer and within', async () => {
      const silent = await replica({ name: 'silent', onRequest: () => undefined });
      const stalling = await replica({
        name: 'stalling',
        onRequest: (_request, response) => void response.writeHead(200, { 'Content-Length': '10' }).write('x'),
      });
      const proxy = await proxyOf({ replicas: [silent.url, stalling.url], bounds: { answerTimeoutMs: 200 } });
      const answer = await proxy.call('GET', `/repl/${silent.newId()}`);
      expect(answer).toMatchObject({ status: 504, body: { error: { code: 'replica_timeout' } } });
      await expect(proxy.call('GET', `/repl/${stalling.newId()}`)).rejects.toThrow();
    });

    it('stream large bodies both ways', async () => {
      const one = await replica({ name: 'one', onRequest: (request, response) => void request.pipe(response) });
      const proxy = await proxyOf({ replicas: [one.url] });
      const body = 'x'.repeat(20_000_000);
      const answer = await proxy.call('PUT', `/repl/${one.newId()}/archive`, body);
      expect(String(answer.body)).toHaveLength(body.length);
    });

    it('survive garbage from a replica', async () => {
      const sockets = new Set<Socket>();
      const rude = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n\0\0'));
      });
      await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(rude.address() as AddressInfo).port}`;
      const proxy = await proxyOf({ replicas: [url] });
      expect((await proxy.call('POST', '/repl', {})).status).toBe(503);
      await proxy.stop();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => rude.close(resolve));
    });
  });

  describe('upgrades', () => {
    it('that the replica never answers are closed with 1013', async () => {
      const one = await replica({ name: 'one', onUpgrade: (_request, socket) => void socket.resume() });
      const proxy = await proxyOf({ replicas: [one.url], bounds: { upgradeTimeoutMs: 300 } });
      expect(await closed(proxy, one.newId())).toMatchObject({ code: 1013, reason: { reason: 'not_yet' } });
      expect(proxy.events).toMatchObject([{ name: 'attach-failed', code: 'replica_timeout' }]);
    });

    it('that the replica cuts are closed with 1013', async () => {
      const one = await replica({ name: 'one', onUpgrade: (_request, socket) => socket.resetAndDestroy() });
      const proxy = await proxyOf({ replicas: [one.url] });
      expect((await closed(proxy, one.newId())).code).toBe(1013);
    });

    it.each(['Content-Length: 4\r\n\r\nbusy', 'Content-Length: 400\r\n\r\nbus', 'Transfer-Encoding: chunked\r\n\r\n'])(
      'that the replica answers otherwise are over: %j',
      async (rest) => {
        const onUpgrade = (_request: unknown, socket: Socket): void => {
          socket.resume().write(`HTTP/1.1 429 Too Many Requests\r\n${rest}`);
        };
        const one = await replica({ name: 'one', onUpgrade });
        const proxy = await proxyOf({ replicas: [one.url] });
        const socket = new WebSocket(`${proxy.url.replace('http', 'ws')}/repl/${one.newId()}`);
        const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
        expect(error.message).toContain('429');
      },
    );

    it('leave a tunnel alone that is idle, and end it with either side', async () => {
      const bounds = { answerTimeoutMs: 300, connectTimeoutMs: 1_500, upgradeTimeoutMs: 1_500 };
      const server = new WebSocketServer({ noServer: true });
      const atReplica: WebSocket[] = [];
      const one = await replica({
        name: 'one',
        onUpgrade: (request, socket) => {
          server.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) => {
            atReplica.push(webSocket);
            webSocket.on('message', (data: Buffer) => {
              webSocket.send(data);
            });
          });
        },
      });
      const proxy = await proxyOf({ replicas: [one.url], bounds });
      const terminals = [1, 2, 3, 4].map(() => proxy.attach(`/repl/${one.newId()}`));
      await eventually('four tunnels', () => atReplica.length === 4);
      // Longer than every bound of this proxy.
      await eventually(
        'two seconds',
        (
          (since) => () =>
            performance.now() - since > 2_000
        )(performance.now()),
      );
      expect(proxy.proxy.openTunnels).toBe(4);
      terminals[0]?.socket.close(4999);
      terminals[1]?.socket.terminate();
      atReplica[2]?.close(4998);
      atReplica[3]?.terminate();
      expect((await terminals[2]?.closed)?.code).toBe(4998);
      expect((await terminals[3]?.closed)?.code).toBe(1006);
      await eventually('an end of all', () => atReplica.every((socket) => socket.readyState === WebSocket.CLOSED));
      await eventually('an end of the tunnels', () => proxy.proxy.openTunnels === 0);
    });

    it('carry as much to a slow reader as it reads, and hold the writer back', async () => {
      const server = new WebSocketServer({ noServer: true });
      let writer: WebSocket | undefined;
      const one = await replica({
        name: 'one',
        onUpgrade: (request, socket) => {
          server.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) => {
            writer = webSocket;
          });
        },
      });
      const proxy = await proxyOf({ replicas: [one.url] });
      const terminal = proxy.attach(`/repl/${one.newId()}`);
      await eventually('a tunnel', () => writer !== undefined && terminal.socket.readyState === WebSocket.OPEN);
      terminal.socket.pause();
      const total = 64 * 1024 * 1024;
      const piece = Buffer.alloc(65_536);
      for (let sent = 0; sent < total; sent += piece.length) writer?.send(piece);
      const seen: number[] = [];
      await eventually('a writer that is held back', () => {
        seen.push(writer?.bufferedAmount ?? 0);
        return seen.length > 20 && seen.at(-1) === seen.at(-20);
      });
      // Kernel buffers hold some MiB; the proxy itself next to nothing.
      expect(seen.at(-1)).toBeGreaterThan(total - 24 * 1024 * 1024);
      terminal.socket.terminate();
      await terminal.closed.catch(() => undefined);
    });

    it('of another path are left to the host, and garbage is refused', async () => {
      const one = await replica({ name: 'one' });
      const proxy = await proxyOf({ replicas: [one.url] });
      const answers: string[] = [];
      const { port } = new URL(proxy.url);
      for (const [line, headers] of [
        ['GET /other', 'Upgrade: websocket\r\nConnection: Upgrade'],
        [`POST /repl/${one.newId()}`, 'Upgrade: websocket\r\nConnection: Upgrade'],
        [`GET /repl/x`, 'Upgrade: h2c\r\nConnection: Upgrade'],
        ['\0\0', ''],
      ]) {
        const socket = connect(Number(port), '127.0.0.1');
        let answer = '';
        socket.on('data', (data) => (answer += data.toString()));
        socket.on('error', () => undefined);
        socket.write(`${line ?? ''} HTTP/1.1\r\nHost: x\r\n${headers ?? ''}\r\n\r\n`);
        await within(`end of ${line ?? ''}`, new Promise((resolve) => socket.once('close', resolve)));
        answers.push(answer.split('\r\n')[0] ?? '');
      }
      expect(answers[0]).toBe('HTTP/1.1 404 Not Found');
      for (const answer of answers) expect(answer).not.toContain(' 101 ');
      expect(proxy.proxy.openTunnels).toBe(0);
    });

    it('do not wait longer for the host app than is bearable', async () => {
      const one = await replica({ name: 'one' });
      const proxy = await proxyOf({
        replicas: [one.url],
        authorize: (_request, { action }) => {
          if (action === 'start') throw new Error('the database is away');
          return new Promise(() => undefined);
        },
        bounds: { authorizeTimeoutMs: 100 },
      });
      expect((await closed(proxy, one.newId())).code).toBe(1013);
      expect(await proxy.call('POST', '/repl', {})).toMatchObject({
        status: 500,
        body: { error: { code: 'internal' } },
      });
      expect(one.requests).toEqual([]);
    });
  });
});
