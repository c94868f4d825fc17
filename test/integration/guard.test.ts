/**
 * The guard between runners and the real Docker daemon: a whole runner works through it, and one that was taken over, played
 * here by whoever holds the guard's socket and nothing else, gets nothing that is not a sandbox.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Docker from 'dockerode';
import { z } from 'zod';
import { containerBody } from '../support/container-body.js';
import { describeWhere } from '../support/describe-where.js';
import { GuardProcess, guardSettings } from '../support/guard-process.js';
import { groundPerDriver } from '../support/grounds.js';
import { RunningService } from '../support/running-service.js';

const ground = groundPerDriver.find(({ driver }) => driver === 'docker');
const tag = ground?.env.REPL_RUNNER_IMAGE_TAG ?? '';
const docker = new Docker({ socketPath: '/var/run/docker.sock' });
const refusal = z.strictObject({ message: z.string().min(10) });

interface Answered {
  readonly status: number;
  readonly body: unknown;
}

describeWhere(ground?.available === true)('the guard', () => {
  let guard: GuardProcess;

  beforeAll(async () => {
    if (ground === undefined) throw new Error('There is no such ground.');
    guard = await GuardProcess.start({ ...guardSettings(ground), REPL_GUARD_METRICS_PORT: '0' });
  });
  afterAll(async () => {
    expect(await guard.stop()).toBe(0);
  });

  async function ask(method: string, path: string, body?: unknown): Promise<Answered> {
    const json = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) };
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: guard.socketPath, method, path, headers, agent: false }, (answer) => {
        text(answer).then((said) => {
          resolve({
            status: answer.statusCode ?? 0,
            body: said.startsWith('{') || said.startsWith('[') ? JSON.parse(said) : said,
          });
        }, reject);
      });
      asked.on('error', reject);
      asked.end(json);
    });
  }

  /** Sends bytes as they are and answers all that comes back until the guard closes. */
  async function raw(bytes: string): Promise<string> {
    const socket = connect(guard.socketPath);
    socket.write(bytes, 'latin1');
    return text(socket);
  }

  describe('to a runner', () => {
    const dockerHost = process.env.DOCKER_HOST;
    const replica = `guarded-${randomUUID().slice(0, 8)}`;
    const start = () =>
      RunningService.start({ ...ground?.env, REPL_RUNNER_REPLICA: replica, REPL_RUNNER_POOL: 'python=1:1' });
    beforeAll(() => {
      process.env.DOCKER_HOST = `unix://${guard.socketPath}`;
    });
    afterAll(() => {
      if (dockerHost === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = dockerHost;
    });

    it('is the daemon: sessions start, run, survive their runner, and end', async () => {
      const first = await start();
      const { session, terminal } = await first.prompt({ files: { 'hiker.py': 'answer = 42\n' } });
      expect(await terminal.run('import hiker; kept = hiker.answer; kept')).toContain('42');
      const ran = await first.call('POST', `/repl/${session.id}/run`, { command: 'python3 -c "print(6 * 7)"' });
      expect(ran.body).toMatchObject({ outcome: 'ok', stdout: { content: '42\n' } });
      await terminal.close();
      await first.service.stop();
      const second = await start();
      const again = second.attach(session.websocket);
      await again.until('>>> ');
      expect(await again.run('kept + 1')).toContain('43');
      await again.close();
      expect((await second.call('DELETE', `/repl/${session.id}`)).status).toBe(204);
      await second.stop();
      const filters = { label: [`repl_runner.replica=${replica}`] };
      expect(await docker.listContainers({ all: true, filters })).toEqual([]);
    });

    it('refuses it nothing on the way', () => {
      expect(guard.said).not.toContain('call-');
    });
  });

  it('stops soon after the runners have, although sandboxes that they leave behind live on', async () => {
    if (ground === undefined) throw new Error('There is no such ground.');
    const stopping = await GuardProcess.start(guardSettings(ground));
    const through = new Docker({ socketPath: stopping.socketPath });
    const { name, body } = containerBody({ tag });
    const options = { _query: { name }, _body: body };
    const { id } = await through.createContainer(options as object);
    const streams = { hijack: true, stream: true, stdin: true, stdout: true, stderr: true };
    const attached = await through.getContainer(id).attach(streams);
    await through.getContainer(id).start();
    await once(attached, 'data');
    // As the end of a process does.
    if (!(attached instanceof Socket)) throw new Error('Docker attaches by a socket.');
    attached.destroy();
    expect(await stopping.stop()).toBe(0);
    await docker.getContainer(id).remove({ force: true, v: true });
  });

  describe('to a runner that was taken over', () => {
    const nick = `guardtest-${randomUUID().slice(0, 8)}`;
    let foreign: Docker.Container;
    let own: string;

    beforeAll(async () => {
      const image = `repl_runner/python:${tag}`;
      const sleep = ['python3', '-c', 'import time; time.sleep(300)'];
      const host = { NetworkMode: 'none', AutoRemove: true };
      // A sandbox, but of another deployment.
      const Labels = { repl_runner: '1', 'repl_runner.deployment': 'of-others', 'repl_runner.note': '1' };
      foreign = await docker.createContainer({
        name: nick,
        Image: image,
        Entrypoint: [],
        Cmd: sleep,
        Labels,
        HostConfig: host,
      });
      await foreign.start();
      const { name, body } = containerBody({ tag, orphanSeconds: 600 });
      const created = await ask('POST', `/containers/create?name=${name}`, body);
      expect(created.status).toBe(201);
      own = z.object({ Id: z.string() }).parse(created.body).Id;
      expect((await ask('POST', `/containers/${own}/start`)).status).toBe(204);
    });
    afterAll(async () => {
      expect((await ask('DELETE', `/containers/${own}?force=true&v=true`)).status).toBe(204);
      const { State, RestartCount } = await foreign.inspect();
      await foreign.remove({ force: true, v: true });
      // Whatever was tried, nothing became of it.
      expect({ status: State.Status, RestartCount }).toEqual({ status: 'running', RestartCount: 0 });
      expect(await left()).toEqual([]);
      expect((await docker.listVolumes()).Volumes.map(({ Name }) => Name)).not.toContain(nick);
      expect((await docker.listNetworks()).map(({ Name }) => Name)).not.toContain(nick);
      expect((await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []).join()).not.toContain(nick);
    });

    /** Containers that only a hole would have let be made. */
    async function left(): Promise<string[]> {
      const all = await docker.listContainers({ all: true, filters: { name: [`${nick}-.*`, victim] } });
      return all.flatMap(({ Names }) => Names);
    }
    const victim = `repl_${randomUUID()}`;

    async function expectRefused(method: string, path: string, body?: unknown): Promise<void> {
      const answer = await ask(method, path, body);
      expect({ asked: `${method} ${path}`, status: answer.status }).toEqual({
        asked: `${method} ${path}`,
        status: 403,
      });
      refusal.parse(answer.body);
    }

    it.each<[string, object]>([
      ['privileges', { Privileged: true }],
      ["the host's files", { Binds: ['/:/host'] }],
      ["the host's files by a mount", { Mounts: [{ Type: 'bind', Source: '/', Target: '/host' }] }],
      ['a volume', { Mounts: [{ Type: 'volume', Source: nick, Target: '/data' }] }],
      ["the daemon's socket", { Binds: ['/var/run/docker.sock:/var/run/docker.sock'] }],
      ["the host's network", { NetworkMode: 'host' }],
      ['any network', { NetworkMode: 'bridge' }],
      ["another container's network", { NetworkMode: `container:${nick}` }],
      ["the host's processes", { PidMode: 'host' }],
      ["another container's processes", { PidMode: `container:${nick}` }],
      ["the host's memory", { IpcMode: 'host' }],
      ['capabilities', { CapAdd: ['SYS_ADMIN'] }],
      ['devices', { Devices: [{ PathOnHost: '/dev/kmsg', PathInContainer: '/dev/kmsg', CgroupPermissions: 'rwm' }] }],
      ['no seccomp', { SecurityOpt: ['seccomp=unconfined'] }],
      ['a root to write to', { ReadonlyRootfs: false }],
      ['all memory', { Memory: 1024 ** 4, MemorySwap: 1024 ** 4 }],
      ['endless processes', { PidsLimit: 0 }],
      ['a cgroup of the host', { CgroupParent: '/' }],
      ['to come back', { RestartPolicy: { Name: 'always' } }],
    ])('makes no container with %s', async (_what, more) => {
      const { body } = containerBody({ tag });
      await expectRefused('POST', `/containers/create?name=${victim}`, {
        ...body,
        HostConfig: { ...body.HostConfig, ...more },
      });
      const lower = Object.fromEntries(
        Object.entries(more).map(([key, value]): [string, unknown] => [key.toLowerCase(), value]),
      );
      await expectRefused('POST', `/containers/create?name=${victim}`, { ...body, hostconfig: lower });
    });

    it.each<[string, object]>([
      ['another image', { Image: 'debian:latest' }],
      ['root', { User: 'root' }],
      ['a program of its choice', { Cmd: ['sh', '-c', 'id'] }],
      ['an entrypoint', { Entrypoint: ['sh'] }],
      ['variables', { Env: ['LD_PRELOAD=/tmp/x.so'] }],
      ['a volume of its own', { Volumes: { '/data': {} } }],
      ['a network besides', { NetworkingConfig: { EndpointsConfig: { bridge: {} } } }],
      ['labels of another', { Labels: { 'com.docker.compose.project': 'web' } }],
      ['a health check', { Healthcheck: { Test: ['CMD-SHELL', 'id'] } }],
    ])('makes no container with %s', async (_what, more) => {
      await expectRefused('POST', `/containers/create?name=${victim}`, { ...containerBody({ tag }).body, ...more });
    });

    it('makes no container with a name of its choice, for another machine, or by an older version of the API', async () => {
      const { name, body } = containerBody({ tag });
      for (const path of [
        '/containers/create',
        `/containers/create?name=${nick}-web`,
        `/containers/create?name=${victim}&platform=linux/arm64`,
        `/v1.24/containers/create?name=${name}`,
        `/containers//create?name=${name}`,
        `/containers/%63reate?name=${name}`,
      ]) {
        await expectRefused('POST', path, body);
      }
    });

    it('makes no container of an image that has the tag and is not that of a language', async () => {
      const repo = `repl_runner/${nick}`;
      // Of an image without a label of ours, whatever it is.
      const [base] = await docker.listImages({ filters: { reference: ['repl_runner/base:trixie'] } });
      await docker.getImage(base?.Id ?? '').tag({ repo, tag });
      try {
        const { body } = containerBody({ tag });
        await expectRefused('POST', `/containers/create?name=${victim}`, { ...body, Image: `${repo}:${tag}` });
      } finally {
        await docker.getImage(`${repo}:${tag}`).remove();
      }
    });

    it('does nothing with a container that is not a sandbox', async () => {
      const { Id: id } = await foreign.inspect();
      for (const name of [id, id.slice(0, 12), nick, `/${nick}`]) {
        const path = `/containers/${name}`;
        for (const action of ['json', 'logs?stdout=1', 'top', 'stats', 'changes', 'export', 'archive?path=/etc']) {
          await expectRefused('GET', `${path}/${action}`);
        }
        for (const action of [
          'start',
          'stop',
          'kill',
          'restart',
          'pause',
          'wait',
          'exec',
          'attach?stream=1',
          'rename?name=x',
        ]) {
          await expectRefused('POST', `${path}/${action}`);
        }
        await expectRefused('POST', `${path}/update`, { Memory: 1 });
        await expectRefused('DELETE', `${path}?force=true`);
      }
    });

    it('does nothing with a sandbox but what a runner does', async () => {
      const path = `/containers/${own}`;
      for (const action of ['logs?stdout=1', 'top', 'stats', 'changes', 'export', 'archive?path=/etc', 'attach/ws']) {
        await expectRefused('GET', `${path}/${action}`);
      }
      for (const action of ['exec', 'stop', 'kill', 'restart', 'pause', 'rename?name=x', 'resize?h=1&w=1', 'attach']) {
        await expectRefused('POST', `${path}/${action}`);
      }
      await expectRefused('POST', `${path}/exec`, { Cmd: ['id'], Privileged: true, User: '0' });
      await expectRefused('POST', `${path}/update`, { Memory: 0, PidsLimit: -1 });
      await expectRefused('PUT', `${path}/archive?path=/tmp`, 'x');
      await expectRefused('POST', `/commit?container=${own}&repo=${nick}`, {});
      for (const short of [own.slice(0, 12), own.slice(0, 63)]) await expectRefused('GET', `/containers/${short}/json`);
    });

    it.each([
      ['POST', '/build?t=x'],
      ['POST', '/images/create?fromImage=debian&tag=latest'],
      ['POST', '/images/load'],
      ['GET', '/images/json'],
      ['POST', '/images/prune'],
      ['POST', '/containers/prune'],
      ['GET', '/containers/json?all=1&filters={"name":["web"]}'],
      ['POST', '/volumes/create'],
      ['GET', '/volumes'],
      ['POST', '/networks/create'],
      ['GET', '/networks'],
      ['POST', '/swarm/init'],
      ['GET', '/swarm'],
      ['GET', '/services'],
      ['POST', '/secrets/create'],
      ['GET', '/secrets'],
      ['POST', '/configs/create'],
      ['POST', '/plugins/pull?remote=x'],
      ['GET', '/plugins'],
      ['GET', '/events'],
      ['GET', '/system/df'],
      ['POST', '/auth'],
      ['POST', '/session'],
      ['POST', '/grpc'],
      ['GET', '/metrics'],
      ['GET', '/../containers/json'],
      ['OPTIONS', '/_ping'],
    ])('gets nothing from %s %s', async (method, path) => {
      const body = path.startsWith('/volumes') || path.startsWith('/networks') ? { Name: nick } : {};
      await expectRefused(method, path, method === 'GET' ? undefined : body);
    });

    it('sees sandboxes alone in a list, and of the host no more than runtimes and live-restore', async () => {
      const list = z.array(z.object({ Id: z.string(), Labels: z.record(z.string(), z.string()) }));
      for (const filters of ['', '&filters={"label":["repl_runner.note"]}', '&filters={}']) {
        const seen = list.parse((await ask('GET', `/containers/json?all=true${filters}`)).body);
        expect(seen.map(({ Id: id }) => id)).not.toContain(foreign.id);
        expect(
          seen.every(({ Labels: labels }) => labels['repl_runner.deployment'] === ground?.env.REPL_RUNNER_DEPLOYMENT),
        ).toBe(true);
      }
      expect(Object.keys((await ask('GET', '/info')).body as object)).toEqual(['Runtimes', 'LiveRestoreEnabled']);
    });

    it('cannot hide a second call in the body or behind the end of a first one', async () => {
      const { body } = containerBody({ tag });
      const evil = JSON.stringify({ ...body, HostConfig: { Privileged: true } });
      const hidden = `POST /containers/create?name=${victim} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${evil.length}\r\n\r\n${evil}`;
      const head = (line: string, ...headers: string[]) => [line, 'Host: x', ...headers, '', ''].join('\r\n');
      const start = `POST /containers/${own}/wait?condition=next-exit HTTP/1.1`;
      const upgrade = ['Connection: Upgrade', 'Upgrade: tcp'];
      const both = ['Content-Length: 4', 'Transfer-Encoding: chunked'];
      const pieces: [string, RegExp][] = [
        [head('GET /_ping HTTP/1.1', ...both) + `0\r\n\r\n${hidden}`, /^HTTP\/1.1 400/],
        [head('GET /_ping HTTP/1.1', 'Content-Length: 0', 'Content-Length: 5') + hidden, /^HTTP\/1.1 400/],
        [head('GET /_ping HTTP/1.1', 'Transfer-Encoding: xchunked') + hidden, /^HTTP\/1.1 400/],
        [head('GET /_ping HTTP/1.1', `Content-Length : ${hidden.length}`) + hidden, /^HTTP\/1.1 400/],
        [`GET /_ping HTTP/1.1\nHost: x\n\n${hidden}`, /^HTTP\/1.1 400/],
        [head('GET /_ping HTTP/1.1', `X: ${'a'.repeat(10_000)}`), /^HTTP\/1.1 431/],
        [head('GET /info HTTP/1.1', ...upgrade) + hidden, /^HTTP\/1.1 403 /],
        [head(start, ...upgrade) + hidden, /^HTTP\/1.1 403 /],
        [head(`POST /containers/${foreign.id}/attach?stream=1 HTTP/1.1`, ...upgrade) + hidden, /^HTTP\/1.1 403 /],
        [
          head(`POST /containers/${own}/attach?stream=1 HTTP/1.1`, 'Connection: Upgrade', 'Upgrade: h2c') + hidden,
          /^HTTP\/1.1 403 /,
        ],
        [
          head(`POST /containers/${own}/attach?stream=1 HTTP/1.1`, ...upgrade, 'Content-Length: 9999') + hidden,
          /^HTTP\/1.1 413 /,
        ],
        [head('CONNECT docker:80 HTTP/1.1') + hidden, /^$/],
        // Told apart, the second one is refused for itself.
        [head('GET /_ping HTTP/1.1') + hidden, /^HTTP\/1.1 200 OK[^]*HTTP\/1.1 403 /],
      ];
      for (const [bytes, expected] of pieces) {
        const said = await raw(bytes);
        expect({ sent: bytes.slice(0, 100), said: expected.test(said) ? 'as expected' : said }).toMatchObject({
          said: 'as expected',
        });
        expect(said).not.toContain('HTTP/1.1 201');
      }
      const asBody = head('GET /_ping HTTP/1.1', 'Connection: close', `Content-Length: ${hidden.length}`) + hidden;
      expect(await raw(asBody)).toMatch(/^HTTP\/1.1 200 OK(?![^]*HTTP)/);
      expect(await left()).toEqual([]);
    });

    it('reads no endless body', async () => {
      const socket = connect(guard.socketPath);
      // What is cut off in the middle of a write is told by an error as well.
      socket.on('error', () => undefined);
      const gone = new Promise((resolve) => socket.once('close', resolve));
      socket.resume();
      socket.write(`POST /containers/create?name=${victim} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
      const piece = `10000\r\n${' '.repeat(65_536)}\r\n`;
      const write = (): void => {
        while (!socket.destroyed && socket.write(piece)) continue;
      };
      socket.on('drain', write);
      write();
      await gone;
      expect(socket.bytesWritten).toBeLessThan(4 * 1024 * 1024);
    });

    it('is told of by log and metrics, without the ids of sessions', async () => {
      const url = /shows metrics on (\S+)/.exec(guard.said)?.[1] ?? '';
      const metrics = await (await fetch(`${url}/metrics`)).text();
      const refused = [...metrics.matchAll(/^repl_guard_calls_total\{call="(\w+)",outcome="refused"\} (\d+)$/gm)];
      const counts = Object.fromEntries(refused.map(([, call = '', count]) => [call, Number(count)]));
      expect(counts.create).toBeGreaterThan(30);
      expect(counts.other).toBeGreaterThan(100);
      expect(counts.inspect).toBeGreaterThan(0);
      expect(guard.said).toContain('"msg":"call-refused"');
      expect(guard.said).not.toContain(victim);
    });
  });
});
