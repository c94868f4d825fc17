/** What the proxy does with replicas that are full, away, wrong, slow or rude; the replicas are doubles. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import type { ReplProxyOptions } from '../../proxy/options.js';
import { newSessionId } from '../../src/ids.js';
import { FakeReplica, type FakeReplicaParts } from '../doubles/fake-replica.js';
import { within } from '../doubles/within.js';
import { eventually } from '../support/eventually.js';
import { RunningProxy } from '../support/running-proxy.js';

type OnRequest = NonNullable<FakeReplicaParts['onRequest']>;

const quick = { pollMs: 20, connectTimeoutMs: 500, upgradeTimeoutMs: 300, closeGraceMs: 200 };

describe('The proxy', () => {
  const fakes: FakeReplica[] = [];
  const proxies: RunningProxy[] = [];

  async function replica(parts: FakeReplicaParts, port = 0): Promise<FakeReplica> {
    const fake = await FakeReplica.start(parts, port);
    fakes.push(fake);
    return fake;
  }

  async function proxyOf(options: ReplProxyOptions): Promise<RunningProxy> {
    const proxy = await RunningProxy.start({ ...options, bounds: { ...quick, ...options.bounds } });
    proxies.push(proxy);
    return proxy;
  }

  async function closed(proxy: RunningProxy, id: string): Promise<{ code: number; reason: unknown }> {
    const { code, reason } = await within(
      5_000,
      'close',
      proxy.attach(`/repl/${id}`, { subprotocol: 'repl.v1' }).closed,
    );
    return { code, reason: JSON.parse(reason) as unknown };
  }

  afterEach(async () => {
    const [stopping, ending] = [proxies.splice(0), fakes.splice(0)];
    for (const proxy of stopping) await proxy.stop();
    for (const fake of ending) {
      await eventually('an end of every connection to a replica', () => fake.open === 0).finally(() => fake.stop());
    }
  });

  const created: OnRequest = (request, response) => {
    request.resume().on('end', () => response.writeHead(201).end('{"id": "x"}'));
  };
  const full: OnRequest = (request, response) => {
    request
      .resume()
      .on('end', () => response.writeHead(503, { 'Retry-After': '7' }).end('{"error": {"code": "full"}}'));
  };

  describe('starting sessions', () => {
    it('spreads them by free capacity', async () => {
      const [one, two] = [
        await replica({ name: 'one', onRequest: created }),
        await replica({ name: 'two', onRequest: created }),
      ];
      one.sessions = 90;
      const proxy = await proxyOf({ replicas: [one.url, two.url], bounds: { pollMs: 60_000 } });
      for (let round = 0; round < 90; round += 1) {
        expect((await proxy.call('POST', '/repl', {})).status).toBe(201);
      }
      // Both have 10 left when 90 are placed; the last of them may go either way.
      expect(two.requests.length).toBeGreaterThanOrEqual(88);
      for (let round = 0; round < 10; round += 1) await proxy.call('POST', '/repl', {});
      expect(one.requests.length).toBeGreaterThan(2);
    });

    it('offers them to the next replica on 503 and on a refused connection, with the whole body', async () => {
      const bodies: string[] = [];
      const taking = await replica({
        name: 'taking',
        onRequest: (request, response) => {
          let body = '';
          request.on('data', (data: Buffer) => (body += data.toString()));
          request.on('end', () => {
            bodies.push(body);
            response.writeHead(201, { Location: '/repl/x' }).end('{}');
          });
        },
      });
      const refusing = await replica({ name: 'refusing', onRequest: full });
      const dead = await replica({ name: 'dead' });
      taking.sessions = 99;
      const replicas = [taking.url, refusing.url, dead.url];
      const proxy = await proxyOf({ replicas, bounds: { pollMs: 60_000 } });
      await eventually('a look at every replica', () => proxy.proxy.ready);
      await dead.stop();
      for (let round = 0; round < 5; round += 1) {
        const answer = await proxy.call('POST', '/repl?language=python', { files: { 'a.py': 'x'.repeat(500_000) } });
        expect(answer.status).toBe(201);
        expect(answer.headers.get('location')).toBe('/repl/x');
      }
      expect(new Set(bodies.map((body) => body.length))).toEqual(new Set([500_021]));
      expect(taking.requests.map(({ url }) => url)).toEqual(Array(5).fill('/repl?language=python'));
    });

    it('passes the last refusal on when all are full, and its own when nobody is there', async () => {
      const [one, two] = [
        await replica({ name: 'one', onRequest: full }),
        await replica({ name: 'two', onRequest: full }),
      ];
      const proxy = await proxyOf({ replicas: [one.url, two.url] });
      const answer = await proxy.call('POST', '/repl', {});
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'full' } } });
      expect(answer.headers.get('retry-after')).toBe('7');
      one.ready = false;
      two.ready = false;
      await eventually('notice', () => !proxy.proxy.ready);
      const none = await proxy.call('POST', '/repl', {});
      expect(none).toMatchObject({ status: 503, body: { error: { code: 'capacity_exhausted', retryable: true } } });
      expect(none.headers.get('retry-after')).toBe('1');
    });

    it('does not repeat a start that may have happened', async () => {
      const parts: FakeReplicaParts = {
        name: 'one',
        onRequest: (request) => {
          request.resume().on('end', () => request.socket.resetAndDestroy());
        },
      };
      const [one, two] = [await replica(parts), await replica({ ...parts, name: 'two' })];
      const proxy = await proxyOf({ replicas: [one.url, two.url] });
      const answer = await proxy.call('POST', '/repl', {});
      expect(answer).toMatchObject({ status: 502, body: { error: { code: 'replica_failed', retryable: true } } });
      expect(one.requests.length + two.requests.length).toBe(1);
    });

    it('lets go of a refusal when the next replica breaks off', async () => {
      let offers = 0;
      // More than a socket takes that nobody reads; whichever is offered the start first is full.
      const onRequest: OnRequest = (request, response) => {
        const isFirst = (offers += 1) === 1;
        request.resume().on('end', () => {
          if (isFirst) response.writeHead(503).end(Buffer.alloc(8 * 1024 * 1024));
          else request.socket.resetAndDestroy();
        });
      };
      const [one, two] = [await replica({ name: 'one', onRequest }), await replica({ name: 'two', onRequest })];
      const proxy = await proxyOf({ replicas: [one.url, two.url] });
      expect((await proxy.call('POST', '/repl', {})).status).toBe(502);
      await eventually('an end of the refusal', () =>
        one.requests.concat(two.requests).every((sent) => sent.destroyed),
      );
      await eventually('an end of its connection', () => one.open + two.open === 0);
    });

    it('refuses a body beyond its bound, announced or not', async () => {
      const one = await replica({ name: 'one', onRequest: created });
      const proxy = await proxyOf({ replicas: [one.url], bounds: { maxBodyBytes: 1000 } });
      const large = await proxy.call('POST', '/repl', 'x'.repeat(1001));
      expect(large).toMatchObject({
        status: 413,
        body: { error: { code: 'body_too_large', context: { max_bytes: 1000 } } },
      });
      const stream = new ReadableStream({
        start: (controller) => {
          for (let piece = 0; piece < 3; piece += 1) controller.enqueue(new Uint8Array(500));
          controller.close();
        },
      });
      const init = { method: 'POST', body: stream, duplex: 'half' } as const;
      expect((await fetch(`${proxy.url}/repl`, init)).status).toBe(413);
      expect(one.requests).toEqual([]);
    });

    it('bounds the bodies that it holds at the same time', async () => {
      const answers: (() => void)[] = [];
      const onRequest: OnRequest = (request, response) => {
        request.resume();
        answers.push(() => response.writeHead(201).end('{}'));
      };
      const one = await replica({ name: 'one', onRequest });
      const proxy = await proxyOf({ replicas: [one.url], bounds: { maxBodyBytes: 1000, maxHeldBytes: 1500 } });
      const first = proxy.call('POST', '/repl', 'x'.repeat(900));
      await eventually('a start', () => answers.length === 1);
      const second = await proxy.call('POST', '/repl', 'x'.repeat(900));
      expect(second).toMatchObject({ status: 503, body: { error: { code: 'capacity_exhausted' } } });
      answers.pop()?.();
      expect((await first).status).toBe(201);
      const third = proxy.call('POST', '/repl', 'x'.repeat(900));
      await eventually('another start', () => answers.length === 1);
      answers.pop()?.();
      expect((await third).status).toBe(201);
    });

    it('aborts a start whose client leaves', async () => {
      const one = await replica({ name: 'one', onRequest: (request) => void request.resume() });
      const proxy = await proxyOf({ replicas: [one.url] });
      const leaving = new AbortController();
      const answer = fetch(`${proxy.url}/repl`, { method: 'POST', body: '{}', signal: leaving.signal });
      await eventually('a request at the replica', () => one.requests.length === 1);
      leaving.abort();
      await expect(answer).rejects.toThrow();
      await eventually('an end of the request', () => one.requests[0]?.destroyed === true);
    });

    it('bounds a start that is never answered', async () => {
      const one = await replica({ name: 'one', onRequest: (request) => void request.resume() });
      const proxy = await proxyOf({ replicas: [one.url], bounds: { startTimeoutMs: 200 } });
      expect(await proxy.call('POST', '/repl', {})).toMatchObject({
        status: 504,
        body: { error: { code: 'replica_timeout' } },
      });
    });
  });

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
      const proxy = await proxyOf({ replicas: [one.url], bounds: { awayMs: 1_000 } });
      for (const id of [newSessionId('never-seen'), one.newId()]) {
        const away = await proxy.call('GET', `/repl/${id}`);
        if (id.startsWith('one')) expect(away.status).toBe(200);
        else {
          expect(away).toMatchObject({
            status: 503,
            body: { error: { code: 'replica_unavailable', retryable: true } },
          });
          expect(away.headers.get('retry-after')).toBe('1');
        }
      }
      await one.stop();
      const id = one.newId();
      expect((await proxy.call('GET', `/repl/${id}`)).status).toBe(503);
      expect(await closed(proxy, id)).toMatchObject({ code: 1013, reason: { reason: 'not_yet' } });
      await eventually('410', async () => (await proxy.call('GET', `/repl/${id}`)).status === 410);
      expect(await closed(proxy, id)).toMatchObject({ code: 4410, reason: { reason: 'gone' } });
      const back = await replica({ name: 'one' }, one.port);
      await eventually('return', async () => (await proxy.call('GET', `/repl/${id}`)).status === 200);
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
      await proxies.pop()?.stop();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => rude.close(resolve));
    });
  });

  describe('upgrades', () => {
    it('that the replica never answers are closed with 1013', async () => {
      const one = await replica({ name: 'one', onUpgrade: (_request, socket) => void socket.resume() });
      const proxy = await proxyOf({ replicas: [one.url] });
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
      const proxy = await proxyOf({ replicas: [one.url], bounds: { answerTimeoutMs: 300 } });
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
      for (let sent = 0; sent < total; sent += 65_536) writer?.send(Buffer.alloc(65_536));
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
        await within(5_000, `end of ${line ?? ''}`, new Promise((resolve) => socket.once('close', resolve)));
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
