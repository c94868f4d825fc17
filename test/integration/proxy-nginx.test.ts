/** The whole way of a browser: the real nginx with the project's template, the proxy, a runner. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DnsServer } from '../doubles/dns-server.js';
import { describeWhere } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { grounds } from '../support/grounds.js';
import { Nginx, nginxIsInstalled } from '../support/nginx.js';
import { RunningProxy } from '../support/running-proxy.js';
import { RunningService, type StartedSession } from '../support/running-service.js';
import { TerminalClient } from '../support/terminal-client.js';

const ground = grounds.find(({ name, available }) => name === 'bubblewrap host' && available);
const onGround = describeWhere(ground !== undefined && nginxIsInstalled);
const onNginx = describeWhere(nginxIsInstalled);

function start(url: string, body = '{"language": "python"}'): Promise<Response> {
  return fetch(`${url}/repl`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
}

onGround('Through nginx', () => {
  let runner: RunningService;
  let proxy: RunningProxy;
  let nginx: Nginx;

  beforeAll(async () => {
    runner = await RunningService.start(ground?.env ?? {});
    proxy = await RunningProxy.start({ replicas: [runner.url] });
    nginx = await Nginx.start(new URL(proxy.url).host);
  });

  afterAll(async () => {
    await nginx.stop();
    await proxy.stop();
    await runner.stop();
  });

  it('a session goes from its start to its end, and its id not into the log', async () => {
    const answer = await start(nginx.url);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
    const session = (await answer.json()) as StartedSession;
    const url = nginx.url.replace('http', 'ws') + session.websocket;
    const raw = new TerminalClient(url);
    await raw.until('>>> ');
    expect(await raw.run('6 * 7')).toContain('42');
    const controlled = new TerminalClient(url, { subprotocol: 'repl.v1' });
    expect(await controlled.untilMessage('hello')).toMatchObject({ role: 'owner' });
    expect((await raw.closed).code).toBe(4001);
    expect((await fetch(`${nginx.url}/repl/${session.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await controlled.closed).code).toBe(4002);
    const [head = ''] = /^.*\.[0-9a-f]{4}/.exec(session.id) ?? [];
    await eventually('a line in the log', () => nginx.accessLog.includes(`DELETE /repl/${head}... 204`));
    expect(nginx.accessLog).not.toContain(session.id);
    expect(nginx.said).toBe('');
  });

  it('pages of its own host may start and attach, others may not', async () => {
    const from = (origin: string): Promise<Response> =>
      fetch(`${nginx.url}/repl`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Origin: origin },
        body: '{"language": "python"}',
      });
    expect((await from('https://evil.example')).status).toBe(403);
    const answer = await from(nginx.url);
    expect(answer.status).toBe(201);
    const session = (await answer.json()) as StartedSession;
    const url = nginx.url.replace('http', 'ws') + session.websocket;
    const foreign = new TerminalClient(url, { headers: { Origin: 'https://evil.example' } });
    expect((await foreign.closed).code).toBe(4403);
    const own = new TerminalClient(url, { headers: { Origin: nginx.url } });
    await own.until('>>> ');
    await own.close();
    await fetch(`${nginx.url}/repl/${session.id}`, { method: 'DELETE' });
  });

  it('a flood arrives whole, and Ctrl-C within it', async () => {
    const session = (await (await start(nginx.url)).json()) as StartedSession;
    const terminal = new TerminalClient(nginx.url.replace('http', 'ws') + session.websocket);
    await terminal.until('>>> ');
    terminal.type('for i in range(200): _ = print("y" * 4000)\r\rprint("e" + "nd")\r');
    await terminal.until('end\r\n');
    expect(terminal.output.length).toBeGreaterThan(200 * 4000);
    terminal.type('while True: print("z" * 70)\r\r');
    await terminal.until('zzz');
    terminal.type('\x03');
    await terminal.until('KeyboardInterrupt');
    await terminal.close();
    await fetch(`${nginx.url}/repl/${session.id}`, { method: 'DELETE' });
  });

  it('nothing of a runner shows but its sessions', async () => {
    for (const path of [
      '/repl',
      '/repl/',
      '/metrics',
      '/repl/../metrics',
      '/repl/x/%2e%2e/%2e%2e/metrics',
      '/repl-auth',
    ]) {
      expect({ path, status: (await fetch(nginx.url + path)).status }).toEqual({ path, status: 404 });
    }
  });

  it('a body beyond the bound is refused in the shape of all errors', async () => {
    const answer = await start(nginx.url, 'x'.repeat(17 * 1024 * 1024));
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({
      status: 413,
      body: { error: { code: 'body_too_large' } },
    });
  });
});

onNginx('nginx', () => {
  let app: Server;
  let host: string;
  let signedIn = true;
  const seen: string[] = [];

  beforeAll(async () => {
    app = createServer((request, response) => {
      seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
      const asked = request.url === '/repl-auth' && !signedIn;
      response.writeHead(asked ? 401 : 200).end(request.headers['x-original-uri'] ?? '');
    });
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(app.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    app.closeAllConnections();
    await new Promise((resolve) => app.close(resolve));
  });

  it('limits how fast one address starts sessions, and nothing else', async () => {
    const nginx = await Nginx.start(host, { NGINX_STARTS_PER_MINUTE: '1', NGINX_STARTS_BURST: '2' });
    const statuses = [];
    for (let round = 0; round < 5; round += 1) statuses.push((await start(nginx.url)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    const refused = await start(nginx.url);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(await refused.json()).toMatchObject({ error: { code: 'too_many_requests', retryable: true } });
    expect((await fetch(`${nginx.url}/repl/x`)).status).toBe(200);
    await nginx.stop();
  });

  it('asks the app who somebody is where that is wanted', async () => {
    const nginx = await Nginx.start(host, { NGINX_AUTH_REQUEST: '/repl-auth' });
    expect((await fetch(`${nginx.url}/repl/x`)).status).toBe(200);
    expect(seen.slice(-2)).toEqual(['GET /repl-auth', 'GET /repl/x']);
    signedIn = false;
    const refused = await start(nginx.url);
    expect({ status: refused.status, body: await refused.json() }).toMatchObject({
      status: 401,
      body: { error: { code: 'unauthorized' } },
    });
    await nginx.stop();
  });

  it('follows the name of the app to another address without a reload', async () => {
    const elsewhere = createServer((_request, response) => void response.writeHead(418).end());
    await new Promise<void>((resolve) => elsewhere.listen(Number(host.split(':')[1]), '127.0.0.2', resolve));
    const dns = await DnsServer.start(['127.0.0.1']);
    const nginx = await Nginx.start(`web:${host.split(':')[1] ?? ''}`, { NGINX_RESOLVER: `127.0.0.1:${dns.port}` });
    expect((await fetch(`${nginx.url}/repl/x`)).status).toBe(200);
    dns.addresses = ['127.0.0.2'];
    await eventually('answers of the other', async () => (await fetch(`${nginx.url}/repl/x`)).status === 418);
    await nginx.stop();
    dns.stop();
    elsewhere.closeAllConnections();
    await new Promise((resolve) => elsewhere.close(resolve));
  });

  it('says that the app is away, in the shape of all errors', async () => {
    const nginx = await Nginx.start('127.0.0.1:1');
    const answer = await fetch(`${nginx.url}/repl/x`);
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({
      status: 503,
      body: { error: { code: 'replica_unavailable' } },
    });
    expect(answer.headers.get('retry-after')).toBe('1');
    await nginx.stop();
  });
});
