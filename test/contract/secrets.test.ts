/** What a runner, as a process with its environment, is told in confidence: no log line, answer or sandbox shows it. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { signAttachToken } from '../../client/attach-token.js';
import { describeOnEach } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { groundPerDriver, type Ground } from '../support/grounds.js';
import { RunnerProgram } from '../support/runner-program.js';
import type { StartedSession } from '../support/running-service.js';
import { TerminalClient } from '../support/terminal-client.js';

const secrets = {
  apiToken: 'confided-api-token-0123456789',
  apiKey: 'confided-api-key-0123456789abc',
  attachSecret: 'confided-attach-secret-0123456789abcdef',
  egressKey: 'confided-egress-key-0123456789abcdefghi',
  /** Nothing of the runner's, but in its environment. */
  foreign: 'confided-password-of-something-else',
};

/** Prints what a program can find of its own and of every other process' environment and arguments. */
const lookAround = `
import glob, os
print(dict(os.environ))
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/etc/*"):
    try: print(path, open(path, "rb").read().replace(b"\\0", b" "))
    except OSError as error: print(path, error.strerror)
`;

function keepsSecrets(ground: Ground): void {
  let runner: RunnerProgram;
  let session: StartedSession;
  let folder: string;
  const answers: string[] = [];

  const right = { Authorization: `Bearer ${secrets.apiKey}` };

  async function send(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Response> {
    const type = { 'Content-Type': 'application/json' };
    return await fetch(new URL(path, runner.url), {
      ...{ method, headers: { ...type, ...headers } },
      ...(body === undefined ? {} : { body }),
    });
  }

  /** The status; all of what is answered is kept. */
  async function call(...request: Parameters<typeof send>): Promise<number> {
    const answer = await send(...request);
    answers.push(JSON.stringify([...answer.headers]), await answer.text());
    return answer.status;
  }

  async function attach(path: string, subprotocol: string[], headers: Record<string, string>): Promise<number> {
    const { closed } = new TerminalClient(runner.url.replace('http', 'ws') + path, { subprotocol, headers });
    const { code, reason } = await closed;
    answers.push(reason);
    return code;
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'repl-secrets-'));
    writeFileSync(join(folder, 'keys'), `web:${secrets.apiKey}\n`);
    runner = await RunnerProgram.start({
      ...ground.env,
      REPL_RUNNER_REPLICA: `test-${randomBytes(6).toString('hex')}`,
      ...{ HOME: folder, PASSWORD: secrets.foreign },
      REPL_RUNNER_API_TOKEN: secrets.apiToken,
      REPL_RUNNER_API_KEYS_FILE: join(folder, 'keys'),
      REPL_RUNNER_ATTACH_SECRETS: secrets.attachSecret,
      REPL_RUNNER_EGRESS: 'index.test:443',
      REPL_RUNNER_EGRESS_KEY: secrets.egressKey,
      REPL_RUNNER_LOG_LEVEL: 'trace',
    });
    const start = { language: 'python', egress: ['index.test'], env: { CONFIDED: 'confided-environment' } };
    const started = await send('POST', '/repl', right, JSON.stringify(start));
    session = (await started.json()) as StartedSession;
  });

  afterAll(async () => {
    await send('DELETE', `/repl/${session.id}`, right);
    await runner.stop();
    rmSync(folder, { recursive: true });
  });

  it('in what a sandbox can see', async () => {
    const run = JSON.stringify({ argv: ['python3', '-c', lookAround] });
    const answer = await send('POST', `/repl/${session.id}/run`, right, run);
    const seen = await answer.text();
    expect(answer.status).toBe(200);
    expect(seen).toMatch(/\/proc\/\d+\/cmdline/);
    for (const secret of [...Object.values(secrets), session.id, session.view_id]) expect(seen).not.toContain(secret);
  });

  it('in errors and other answers', async () => {
    const almost = { Authorization: `Bearer ${secrets.apiToken}x` };
    const { id, view_id: viewId, websocket } = session;
    const statuses = [
      await call('GET', '/repl', right),
      await call('GET', '/metrics', right),
      await call('GET', '/openapi.json', right),
      await call('GET', `/repl/${id}`, almost),
      await call('GET', `/repl/${id}x`, right),
      await call('POST', `/repl/${viewId}/restart`, right, '{}'),
      await call('POST', `/repl/${id}/nothing`, right, '{'),
      await call('POST', `/repl/${id}/signal?token=${secrets.apiToken}`, right, '{"signal": 1}'),
      await call('GET', `/repl/${id}/files/%2e%2e/x`, right),
      await call('POST', '/repl', { ...right, Origin: 'https://evil.example' }, '{}'),
    ];
    expect(statuses).toEqual([200, 200, 200, 401, 404, 404, 404, 422, expect.any(Number), 403]);
    const token = await signAttachToken(secrets.attachSecret, { id: viewId, role: 'owner' });
    const offer = `repl.attach.${token}`;
    const closed = [
      await attach(websocket, ['repl.v1', offer], right),
      await attach(`${websocket}?token=${token}`, ['repl.v1'], almost),
      await attach(websocket, ['repl.v1'], { ...right, Origin: 'https://evil.example' }),
    ];
    expect(closed).toEqual([4401, 4401, 4403]);
    const said = answers.join('\n');
    for (const secret of [...Object.values(secrets), id, viewId, token]) expect(said).not.toContain(secret);
  });

  it('in log lines of the finest level, of all that came before', async () => {
    await eventually('the last lines', () => runner.said.split('"attach-failed"').length > 3);
    const { said } = runner;
    expect(said).toContain('"session-start-done"');
    expect(said).toContain('"key":"web"');
    const confided = [...Object.values(secrets), session.id, session.view_id, 'repl.attach', 'confided-environment'];
    for (const secret of confided) expect(said).not.toContain(secret);
  });
}

describeOnEach(groundPerDriver, 'No secret shows, on', keepsSecrets);
