/** Attach tokens on the whole way of a browser: the client, nginx where there is one, the proxy, a runner that wants them. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { signAttachToken, type AttachGrant } from '../../client/attach-token.js';
import { SessionClient } from '../../client/session-client.js';
import type { ConnectionState } from '../../client/terminal-listener.js';
import { describeWhere } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { grounds } from '../support/grounds.js';
import { Nginx, nginxIsInstalled } from '../support/nginx.js';
import { RunningProxy } from '../support/running-proxy.js';
import { RunningService, type StartedSession } from '../support/running-service.js';
import { TerminalClient } from '../support/terminal-client.js';

const ground = grounds.find(({ name, available }) => name === 'bubblewrap host' && available);
const suite = describeWhere(ground !== undefined);
const apiToken = 'the-api-token-of-this-test';
const [oldSecret, secret] = ['the-old-secret-which-still-counts', 'the-secret-with-which-hosts-sign'];
const settings = {
  REPL_RUNNER_API_TOKEN: apiToken,
  REPL_RUNNER_ATTACH_BY: 'token',
  REPL_RUNNER_ATTACH_SECRETS: `${oldSecret},${secret}`,
  REPL_RUNNER_LOG_LEVEL: 'trace',
};

suite('Attach tokens', () => {
  let runner: RunningService;
  let proxy: RunningProxy;
  let nginx: Nginx | null = null;
  let session: StartedSession;
  /** What nginx, else the proxy, is found at. */
  let front = '';
  const log: string[] = [];

  beforeAll(async () => {
    runner = await RunningService.start({ ...ground?.env, ...settings }, { log: (line) => log.push(line) });
    const onEvent = (event: unknown): void => void log.push(JSON.stringify(event));
    proxy = await RunningProxy.start({ replicas: [runner.url], apiToken, onEvent });
    nginx = nginxIsInstalled ? await Nginx.start(new URL(proxy.url).host) : null;
    front = nginx?.url ?? proxy.url;
    session = await runner.startSession();
  });

  afterAll(async () => {
    await nginx?.stop();
    await proxy.stop();
    await runner.stop();
  });

  const sign = (grant: Partial<AttachGrant> = {}, by = secret): Promise<string> =>
    signAttachToken(by, { id: session.view_id, role: 'owner', ...grant });

  /** A terminal that is opened as a page does it. */
  function open(id: string, subprotocols: string[]): TerminalClient {
    return new TerminalClient(`${front.replace('http', 'ws')}/repl/${id}`, { subprotocol: subprotocols });
  }

  it('let the client type by the view id alone, with a new token for each connection', async () => {
    const made: WebSocket[] = [];
    const asked: string[] = [];
    const client = new SessionClient({
      url: front,
      makeSocket: (url, subprotocols) => {
        const socket = new WebSocket(url, subprotocols);
        made.push(socket);
        return socket;
      },
      attachToken: async (id) => {
        asked.push(id);
        return await sign();
      },
    });
    let output = '';
    const states: ConnectionState[] = [];
    const terminal = client.attach(session.view_id, {
      onOutput: (data, taken) => {
        output += new TextDecoder().decode(data);
        taken();
      },
      onState: (state) => states.push(state),
    });
    await eventually('a prompt', () => output.includes('>>> '));
    expect(states.at(-1)).toEqual({ kind: 'open', role: 'owner' });
    made[0]?.terminate();
    await eventually('a resumed connection', () => made.length === 2 && terminal.mayType);
    terminal.input(new TextEncoder().encode('6 * 7\r'));
    await eventually('an answer', () => output.includes('42'));
    expect(asked).toEqual([session.view_id, session.view_id]);
    expect(made[1]?.protocol).toBe('repl.v1');
    terminal.close();
  });

  it('hold a viewer to watching, also by the id of the owner', async () => {
    const token = await sign({ id: session.id, role: 'viewer' }, oldSecret);
    const terminal = open(session.id, ['repl.v1', `repl.attach.${token}`]);
    expect(await terminal.untilMessage('hello')).toMatchObject({ role: 'viewer' });
    await terminal.close();
  });

  it('open a terminal without control as well', async () => {
    const terminal = open(session.view_id, [`repl.attach.${await sign()}`, 'repl.raw']);
    await terminal.until('>>> ');
    expect(terminal.socket.protocol).toBe('repl.raw');
    expect(await terminal.run('7 * 6')).toContain('42');
    await terminal.close();
  });

  it.each<[string, string, () => Promise<string | null>]>([
    ['none', 'needs an attach token', () => Promise.resolve(null)],
    ['one of another session', 'not for this terminal', () => sign({ id: session.id })],
    ['one of a stranger', 'not for this terminal', () => sign({}, 'a-secret-that-no-runner-was-told-of')],
    ['one that has expired', 'has expired', () => sign({ seconds: -60 })],
    ['one that hardly expires', 'valid for too long', () => sign({ seconds: 2 * 86_400 })],
  ])('refuse the upgrade with %s by 4401, and say why', async (_name, why, token) => {
    const given = await token();
    for (const url of [front, runner.url]) {
      const headers = url === runner.url ? { Authorization: `Bearer ${apiToken}` } : {};
      const subprotocol = ['repl.v1', ...(given === null ? [] : [`repl.attach.${given}`])];
      const place = `${url.replace('http', 'ws')}/repl/${session.view_id}`;
      const terminal = new TerminalClient(place, { subprotocol, headers });
      const { code, reason } = await terminal.closed;
      expect({ code, reason }).toEqual({ code: 4401, reason: expect.stringContaining(why) });
      expect(terminal.text).toBe('');
    }
  });

  it('are not repeated to a client that the proxy refuses', async () => {
    const token = await sign({ id: 'nobody.00000000-0000-4000-8000-000000000000' });
    const terminal = open('nobody.00000000-0000-4000-8000-000000000000', [`repl.attach.${token}`, 'repl.raw']);
    expect((await terminal.closed).code).toBe(1013);
    expect(terminal.socket.protocol).toBe('repl.raw');
  });

  it('stand in no log, and neither do ids', async () => {
    await eventually('a line of a refusal', () => log.some((line) => line.includes('"attach-failed"')));
    const said = [...log, nginx?.accessLog ?? '', nginx?.said ?? ''].join('\n');
    expect(said).toContain(session.view_id.slice(0, session.view_id.indexOf('.') + 5));
    for (const secretThing of ['repl.attach', session.id, session.view_id, secret, oldSecret, apiToken]) {
      expect(said).not.toContain(secretThing);
    }
  });
});
