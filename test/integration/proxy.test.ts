/** A real runner behind the proxy, in a plain server and in express. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import express from 'express';
import { createReplProxy } from '../../proxy/create-repl-proxy.js';
import { newSessionId } from '../../src/ids.js';
import { describeWhere } from '../support/describe-where.js';
import { grounds } from '../support/grounds.js';
import { RunningProxy } from '../support/running-proxy.js';
import { RunningService } from '../support/running-service.js';
import { TerminalClient } from '../support/terminal-client.js';

const ground = grounds.find(({ name, available }) => name === 'bubblewrap host' && available);
const onGround = describeWhere(ground !== undefined);
const apiToken = 'a-token-of-the-runner';

onGround('The proxy in front of a runner', () => {
  let runner: RunningService;
  let proxy: RunningProxy;

  beforeAll(async () => {
    runner = await RunningService.start({ ...ground?.env, REPL_RUNNER_API_TOKEN: apiToken });
    proxy = await RunningProxy.start({ replicas: [runner.url], apiToken });
  });

  afterEach(() => {
    expect(proxy.events).toEqual([]);
  });

  afterAll(async () => {
    await proxy.stop();
    await runner.stop();
  });

  it("carries a session from its start to its end, with the runner's token and not the client's", async () => {
    const session = await proxy.startSession({ files: { 'hiker.py': 'answer = 42\n' } });
    expect((await proxy.call('GET', `/repl/${session.id}`)).body).toMatchObject({ state: 'running' });
    const terminal = proxy.attach(session.websocket, { headers: { Authorization: 'Bearer wrong' } });
    await terminal.until('>>> ');
    expect(await terminal.run('import hiker; hiker.answer')).toContain('42');
    const signalled = await proxy.call('POST', `/repl/${session.id}/resize`, { cols: 99, rows: 33 });
    expect(signalled.status).toBe(204);
    expect(await terminal.run('import os; os.get_terminal_size()')).toContain('columns=99, lines=33');
    const headers = { Authorization: 'Bearer wrong', 'X-Request-Id': 'mine-1' };
    const ended = await proxy.call('DELETE', `/repl/${session.id}`, undefined, headers);
    expect(ended.status).toBe(204);
    expect(ended.headers.get('x-request-id')).toBe('mine-1');
    expect((await terminal.closed).code).toBe(4002);
  });

  it('speaks repl.v1, and resumes after a cut', async () => {
    const session = await proxy.startSession();
    const first = proxy.attach(session.websocket, { subprotocol: 'repl.v1' });
    await first.until('>>> ');
    const { epoch, offset } = await first.untilMessage('hello');
    const start = Number(offset);
    first.socket.terminate();
    await first.closed;
    const again = proxy.attach(`${session.websocket}?epoch=${String(epoch)}&offset=${start + 6}`, {
      subprotocol: 'repl.v1',
    });
    expect(await again.untilMessage('hello')).toMatchObject({ epoch, offset: start + 6 });
    await again.until('>>> ');
    expect(first.output.subarray(6).toString()).toBe(again.output.toString());
    await again.close();
    await proxy.call('DELETE', `/repl/${session.id}`);
  });

  it('holds a flood back when its reader stalls, and gives all of it', async () => {
    const session = await proxy.startSession();
    const terminal = proxy.attach(session.websocket);
    await terminal.until('>>> ');
    terminal.socket.pause();
    terminal.type('for i in range(200): _ = print("y" * 4000)\r\rprint("e" + "nd")\r');
    terminal.socket.resume();
    await terminal.until('end\r\n');
    expect(terminal.output.length).toBeGreaterThan(200 * 4000);
    await terminal.close();
    await proxy.call('DELETE', `/repl/${session.id}`);
  });

  it('shows nothing of a runner but its sessions', async () => {
    for (const path of ['/repl', '/repl/', '/metrics', '/languages', '/sha', '/openapi.json']) {
      const { status, body } = await proxy.call('GET', path);
      expect({ path, status, body }).toMatchObject({ status: 404, body: { error: { code: 'route_unknown' } } });
    }
    expect((await proxy.call('GET', '/alive')).body).toEqual({ 'alive?': true });
    expect((await proxy.call('GET', '/ready')).body).toEqual({ 'ready?': true });
  });

  it('passes on what the runner refuses, as it is', async () => {
    const { status, body } = await proxy.call('POST', '/repl', { language: 'latin' });
    expect({ status, body }).toMatchObject({ status: 422, body: { error: { code: 'language_unknown' } } });
    const id = newSessionId((await proxy.startSession()).id.split('.')[0] ?? '');
    expect((await proxy.call('GET', `/repl/${id}`)).body).toMatchObject({ error: { code: 'session_unknown' } });
    expect((await proxy.attach(`/repl/${id}`).closed).code).toBe(4404);
  });

  it('lets the host app decide, in express beside its own routes', async () => {
    const mounted = createReplProxy({
      replicas: [runner.url],
      apiToken,
      authorize: async (request, { action }) => {
        const cookie = await Promise.resolve(request.headers.cookie);
        if (cookie === undefined) return 'unauthorized';
        return cookie === 'user=watcher' && action === 'start' ? 'forbidden' : 'allowed';
      },
    });
    const app = express();
    app.use(mounted.middleware);
    app.use(express.json());
    app.post('/late/repl', (request, response) => {
      request.url = '/repl';
      mounted.middleware(request, response, () => undefined);
    });
    app.get('/repl', (_request, response) => void response.send("the host's own page"));
    const server = createServer(app);
    server.on('upgrade', (request, socket, head) => {
      if (!mounted.handleUpgrade(request, socket, head)) socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const start = (cookie?: string): Promise<Response> =>
      fetch(`${url}/repl`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(cookie === undefined ? {} : { Cookie: cookie }) },
        body: JSON.stringify({ language: 'python' }),
      });

    expect(await (await fetch(`${url}/repl`)).text()).toBe("the host's own page");
    expect((await start()).status).toBe(401);
    const late = await fetch(`${url}/late/repl`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    });
    expect(await late.json()).toMatchObject({
      error: { code: 'internal', message: expect.stringContaining('body parsers') },
    });
    expect(await (await start('user=watcher')).json()).toMatchObject({
      error: { code: 'forbidden', retryable: false },
    });
    const session = (await (await start('user=owner')).json()) as { id: string; websocket: string };
    const websocket = url.replace('http', 'ws') + session.websocket;
    expect((await new TerminalClient(websocket).closed).code).toBe(4401);
    const terminal = new TerminalClient(websocket, { headers: { Cookie: 'user=watcher' } });
    await terminal.until('>>> ');
    await terminal.close();
    const ended = await fetch(`${url}/repl/${session.id}`, { method: 'DELETE', headers: { Cookie: 'user=owner' } });
    expect(ended.status).toBe(204);
    mounted.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
