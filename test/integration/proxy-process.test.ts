/** The standalone proxy as a process: its settings, its probes, its end. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocketServer } from 'ws';
import { FakeReplica } from '../doubles/fake-replica.js';
import { eventually } from '../support/eventually.js';
import { patienceMs } from '../support/patience.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { TerminalClient } from '../support/terminal-client.js';

const main = fileURLToPath(new URL('../../dist/proxy/main.js', import.meta.url));

describe('The standalone proxy', () => {
  const fakes: FakeReplica[] = [];

  afterEach(async () => {
    for (const fake of fakes.splice(0)) await fake.stop();
  });

  it('lists all problems of its settings and does not start', () => {
    const env = { PATH: process.env.PATH, REPL_PROXY_PORT: 'x', REPL_PROXY_REPLICAS: 'nowhere', REPL_PROXY_X: '1' };
    const { status, stderr } = spawnSync(process.execPath, [main], { env, encoding: 'utf8', timeout: patienceMs });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /REPL_PROXY_X is not a setting[^]*REPL_PROXY_PORT is "x"[^]*REPL_PROXY_REPLICAS is "nowhere"/,
    );
    expect(stderr).not.toContain('at ');
  });

  it('says whether a session could be started, and ends its terminals and itself on a signal', async () => {
    const server = new WebSocketServer({ noServer: true });
    const replica = await FakeReplica.start({
      name: 'one',
      onUpgrade: (request, socket) => {
        server.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) => {
          webSocket.send(Buffer.from('hello'));
        });
      },
    });
    fakes.push(replica);
    const proxy = await ProxyProcess.start({ REPL_PROXY_REPLICAS: replica.url });
    const probe = async (path: string): Promise<unknown> => {
      const answer = await fetch(new URL(path, proxy.url));
      return { status: answer.status, body: await answer.json() };
    };
    expect(await probe('/alive')).toEqual({ status: 200, body: { 'alive?': true } });
    await eventually('readiness', async () => (await fetch(new URL('/ready', proxy.url))).status === 200);
    replica.ready = false;
    await eventually('notice', async () => (await fetch(new URL('/ready', proxy.url))).status === 503);
    expect(await probe('/ready')).toEqual({ status: 503, body: { 'ready?': false } });
    const terminal = new TerminalClient(new URL(`/repl/${replica.newId()}`, proxy.url).href.replace('http', 'ws'));
    await terminal.until('hello');
    expect(await proxy.stop()).toBe(0);
    expect((await terminal.closed).code).toBe(1006);
    await eventually('an end of every connection to the replica', () => replica.open === 0);
  });
});
