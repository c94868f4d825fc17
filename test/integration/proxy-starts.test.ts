/** Where the proxy starts sessions, and for whom, where replicas are full, away, slow or rude; the replicas are doubles. */
import { describe, expect, it } from '@jest/globals';
import { newSessionId } from '../../src/ids.js';
import { FakeReplica, type FakeReplicaParts } from '../doubles/fake-replica.js';
import { eventually } from '../support/eventually.js';
import { type OnRequest, created, full, useReplicas } from '../support/replicas.js';

describe('A start through the proxy', () => {
  const { replica, proxyOf } = useReplicas();

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

    it('sends them where sandboxes are warm before where there is more room', async () => {
      const [warm, roomy] = [
        await replica({ name: 'warm', onRequest: created }),
        await replica({ name: 'roomy', onRequest: created }),
      ];
      warm.warm = 3;
      warm.sessions = 90;
      const proxy = await proxyOf({ replicas: [warm.url, roomy.url], bounds: { pollMs: 60_000 } });
      await eventually('a look at both', () => warm.looks + roomy.looks === 2 && proxy.proxy.ready);
      for (let round = 0; round < 4; round += 1) await proxy.call('POST', '/repl', {});
      expect([warm.requests.length, roomy.requests.length]).toEqual([3, 1]);
    });

    it('offers no more to a replica that has refused one, until it is looked at again', async () => {
      const refusing = await replica({ name: 'refusing', onRequest: full });
      const taking = await replica({ name: 'taking', onRequest: created });
      taking.sessions = 50;
      const proxy = await proxyOf({ replicas: [refusing.url, taking.url], bounds: { pollMs: 60_000 } });
      await eventually('a look at both', () => refusing.looks + taking.looks === 2 && proxy.proxy.ready);
      for (let round = 0; round < 10; round += 1) expect((await proxy.call('POST', '/repl', {})).status).toBe(201);
      expect(refusing.requests).toHaveLength(1);
    });

    it('offers them to a replica that came up while another one took its time to refuse', async () => {
      const late = await replica({ name: 'late', onRequest: created });
      late.ready = false;
      const slow = await replica({
        name: 'slow',
        onRequest: (request, response) => {
          late.ready = true;
          const looks = late.looks;
          void eventually('a look at the other one', () => late.looks > looks + 1).then(() => {
            full(request, response);
          });
        },
      });
      const proxy = await proxyOf({ replicas: [slow.url, late.url] });
      expect((await proxy.call('POST', '/repl', {})).status).toBe(201);
      expect([slow.requests.length, late.requests.length]).toEqual([1, 1]);
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
      const before = [one.looks, two.looks] as const;
      // The first of two more looks was answered anew, and its answer was taken before the second one began.
      await eventually('notice', () => one.looks > before[0] + 1 && two.looks > before[1] + 1);
      expect(proxy.proxy.ready).toBe(false);
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

  describe('limiting clients', () => {
    /** Takes every start, and has the sessions that it has started until the test takes them away. */
    async function living(): Promise<{ fake: FakeReplica; ids: Set<string> }> {
      const ids = new Set<string>();
      const onRequest: OnRequest = (request, response) => {
        const id = request.url?.split('/')[2] ?? '';
        if (request.method === 'GET') response.writeHead(ids.has(id) ? 200 : 410).end('{}');
        else {
          const started = newSessionId('one');
          ids.add(started);
          request.resume().on('end', () => response.writeHead(201, { Location: `/repl/${started}` }).end('{}'));
        }
      };
      return { fake: await replica({ name: 'one', onRequest }), ids };
    }

    const from = (address: string): Record<string, string> => ({ 'X-Forwarded-For': address });

    it('lets each address have so many sessions at the same time', async () => {
      const { fake, ids } = await living();
      const proxy = await proxyOf({ replicas: [fake.url], clientLimits: { maxSessions: 2 }, trustedHops: 1 });
      const start = async (address: string) => await proxy.call('POST', '/repl', {}, from(address));
      for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2']) expect((await start(address)).status).toBe(201);
      const refused = await start('192.0.2.1');
      expect(refused).toMatchObject({
        status: 429,
        body: { error: { code: 'too_many_sessions', retryable: true, context: { scope: 'client', max_sessions: 2 } } },
      });
      expect(refused.headers.get('retry-after')).toBe('5');
      const [first = ''] = ids;
      ids.delete(first);
      await eventually('a place', async () => (await start('192.0.2.1')).status === 201);
    });

    it('lets each start so many a minute, after a burst', async () => {
      const { fake } = await living();
      const clientLimits = { startsPerMinute: 2, startsBurst: 3 };
      const proxy = await proxyOf({ replicas: [fake.url], clientLimits, trustedHops: 1 });
      const start = async (address: string) => await proxy.call('POST', '/repl', {}, from(address));
      const since = performance.now();
      for (let round = 0; round < 3; round += 1) expect((await start('192.0.2.1')).status).toBe(201);
      const refused = await start('192.0.2.1');
      expect(refused).toMatchObject({ status: 429, body: { error: { code: 'too_many_starts' } } });
      // The starts before have taken their time.
      const earliest = Math.ceil(30 - (performance.now() - since) / 1000);
      const told = Number(refused.headers.get('retry-after'));
      expect([told >= earliest, told <= 30]).toEqual([true, true]);
      expect((await start('192.0.2.2')).status).toBe(201);
      expect(fake.requests).toHaveLength(4);
    });

    it('does not believe what clients say of their address unless it is told to', async () => {
      const { fake } = await living();
      const proxy = await proxyOf({ replicas: [fake.url], clientLimits: { maxSessions: 1 } });
      expect((await proxy.call('POST', '/repl', {}, from('192.0.2.1'))).status).toBe(201);
      expect((await proxy.call('POST', '/repl', {}, from('192.0.2.2'))).status).toBe(429);
    });

    it("counts for the host app's user where that is named", async () => {
      const { fake } = await living();
      const proxy = await proxyOf({
        replicas: [fake.url],
        clientLimits: { maxSessions: 1 },
        authorize: ({ headers }) => ({ verdict: 'allowed', client: String(headers['x-user']) }),
      });
      const start = async (user: string) => (await proxy.call('POST', '/repl', {}, { 'X-User': user })).status;
      expect([await start('a'), await start('b'), await start('a')]).toEqual([201, 201, 429]);
    });

    it('does not count a start that no replica has taken', async () => {
      let taken = 0;
      const onRequest: OnRequest = (request, response) => {
        request.resume().on('end', () => response.writeHead((taken += 1) === 1 ? 422 : 201).end('{}'));
      };
      const fake = await replica({ name: 'one', onRequest });
      const proxy = await proxyOf({ replicas: [fake.url], clientLimits: { maxSessions: 1 } });
      expect((await proxy.call('POST', '/repl', {})).status).toBe(422);
      expect((await proxy.call('POST', '/repl', {})).status).toBe(201);
    });

    it('shows the runners the key of the moment', async () => {
      const { fake } = await living();
      let apiToken = 'the-old-key-of-web';
      const proxy = await proxyOf({ replicas: [fake.url], apiToken: () => apiToken });
      await proxy.call('POST', '/repl', {});
      apiToken = 'the-new-key-of-web';
      await proxy.call('POST', '/repl', {});
      expect(fake.requests.map(({ headers }) => headers.authorization)).toEqual([
        'Bearer the-old-key-of-web',
        'Bearer the-new-key-of-web',
      ]);
    });
  });
});
