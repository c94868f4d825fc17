/** A Docker daemon that goes away under a running runner, and comes back: what people and programs see of it. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Daemon } from '../../src/sandbox/docker/daemon.js';
import { removeContainer } from '../../src/sandbox/docker/remove-container.js';
import { CuttableSocket } from '../support/cuttable-socket.js';
import Docker from 'dockerode';
import { describeOnEach } from '../support/describe-where.js';
import { grounds, type Ground } from '../support/grounds.js';
import { RunningService } from '../support/running-service.js';
import { send, type Received } from '../support/send.js';
import { serverConnections } from '../support/server-connections.js';
import { untilEqual } from '../support/until-equal.js';

const poolSize = 2;
/** A call that is answered later than this was waiting for the daemon. */
const quickMs = 10_000;
/** The daemon's client keeps 16 connections for the next call, each with three descriptors as the relay is in this process. */
const idleDescriptors = 48;
const quickly = {
  REPL_RUNNER_POOL: `python=${poolSize}:${poolSize}`,
  REPL_RUNNER_ORPHAN_SECONDS: '10',
};

const docker = new Docker({ socketPath: '/var/run/docker.sock' });
const machine = new Daemon('/var/run/docker.sock');

interface Ready {
  readonly replica: string;
  readonly 'ready?': boolean;
  readonly warm: { readonly python: number };
}

/** Of the runner of this name, in these states, as the daemon itself tells; by default in any. */
function containers(replica: string, status: string[] = []): Promise<Docker.ContainerInfo[]> {
  const filters = { label: [`repl_runner.replica=${replica}`], ...(status.length === 0 ? {} : { status }) };
  return docker.listContainers({ all: true, filters });
}

function daemonLost(ground: Ground): void {
  const daemon = new CuttableSocket();
  const dockerHost = process.env.DOCKER_HOST;
  let runner: RunningService;
  const get = (path: string): Promise<Received> => send(runner.url, { method: 'GET', path });
  const ready = async (): Promise<Ready> => (await get('/ready')).body as Ready;
  const untilFull = (): Promise<void> => untilEqual(async () => (await ready()).warm.python, poolSize);
  const start = (options: Record<string, unknown> = {}): Promise<Received> => {
    const body = JSON.stringify({ language: 'python', ...options });
    return send(runner.url, { path: '/repl', headers: { 'Content-Type': 'application/json' }, body });
  };
  const timed = async (call: () => Promise<Received>): Promise<Received> => {
    const since = performance.now();
    const answer = await call();
    expect(performance.now() - since).toBeLessThan(quickMs);
    return answer;
  };
  const expectUnavailable = ({ status, code, body }: Received): void => {
    expect({ status, code }).toEqual({ status: 503, code: 'driver_unavailable' });
    expect(body).toMatchObject({ error: { retryable: true } });
  };
  const expectWorking = async (): Promise<void> => {
    const { session, terminal } = await runner.prompt({ files: { 'hiker.py': 'answer = 42\n' } });
    expect(await terminal.run('import hiker; hiker.answer')).toContain('42');
    await terminal.close();
    expect((await send(runner.url, { method: 'DELETE', path: `/repl/${session.id}` })).status).toBe(204);
  };

  beforeAll(async () => {
    await daemon.open();
    process.env.DOCKER_HOST = `unix://${daemon.path}`;
    runner = await RunningService.start({ ...ground.env, ...quickly });
    await untilFull();
  });
  afterAll(async () => {
    await runner.stop();
    daemon.remove();
    if (dockerHost === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = dockerHost;
  });

  it('closes every terminal with 4500, and answers 410 of its session from then on', async () => {
    const raw = await runner.prompt();
    const controlled = await runner.startSession();
    const owner = runner.attach(controlled.websocket, { subprotocol: 'repl.v1' });
    const viewer = runner.attach(`/repl/${controlled.view_id}`);
    await Promise.all([owner.until('>>> '), viewer.until('>>> ')]);
    const unattached = await runner.startSession();
    daemon.cut();
    for (const terminal of [raw.terminal, owner, viewer]) {
      const { code, reason } = await terminal.closed;
      expect({ code, reason: JSON.parse(reason) as unknown }).toEqual({
        code: 4500,
        reason: { reason: 'sandbox_lost' },
      });
    }
    await untilEqual(async () => JSON.stringify((await get('/repl')).body), '{"sessions":[]}');
    for (const { id } of [raw.session, controlled, unattached]) {
      expect((await timed(() => get(`/repl/${id}`))).code).toBe('session_ended');
      expect((await timed(() => send(runner.url, { path: `/repl/${id}/restart` }))).code).toBe('session_ended');
      expect((await timed(() => send(runner.url, { method: 'DELETE', path: `/repl/${id}` }))).status).toBe(204);
      expect((await runner.attach(`/repl/${id}`).closed).code).toBe(4410);
    }
    const { body: metrics } = await runner.call('GET', '/metrics');
    expect(metrics).toContain('repl_runner_sessions_ended_total{reason="sandbox_lost"} 3');
    expect(metrics).toContain('repl_runner_session_ends_failed_total{reason="sandbox_lost"} 3');
  });

  it('is alive but not ready, and refuses every start at once', async () => {
    expect((await timed(() => get('/alive'))).status).toBe(200);
    await untilEqual(async () => (await timed(() => get('/ready'))).status, 503);
    for (let count = 0; count < 5; count += 1) expectUnavailable(await timed(() => start()));
    expectUnavailable(await timed(() => start({ limits: { processes: 64 } })));
    const many = await Promise.all(Array.from({ length: 20 }, () => timed(() => start())));
    many.forEach(expectUnavailable);
    await untilEqual(() => serverConnections(runner.url), 0);
  });

  it('starts sessions as soon as the daemon is back, and is ready again', async () => {
    await daemon.open();
    await expectWorking();
    await untilEqual(async () => (await get('/ready')).status, 200);
    await untilFull();
  });

  it('answers the starts that were under way', async () => {
    const starts = Array.from({ length: 4 }, () => start({ limits: { processes: 64 } }));
    await untilEqual(async () => (await get('/repl')).status, 200);
    daemon.cut();
    for (const answer of await Promise.all(starts)) {
      expect({ code: answer.code, status: answer.status }).toEqual({ code: 'driver_unavailable', status: 503 });
    }
    await daemon.open();
    await expectWorking();
  });

  it('leaves nothing behind, however often the daemon goes away', async () => {
    const { replica } = await ready();
    const descriptors: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      await untilFull();
      descriptors.push(readdirSync('/proc/self/fd').length);
      const { terminal } = await runner.prompt();
      daemon.cut();
      expect((await terminal.closed).code).toBe(4500);
      await daemon.open();
    }
    await expectWorking();
    await untilFull();
    expect(Math.max(...descriptors)).toBeLessThanOrEqual((descriptors[0] ?? 0) + idleDescriptors);
    await untilEqual(async () => (await containers(replica, ['running'])).length, poolSize);
    // What was made but not started when the daemon went away is swept a minute later; this does not wait for that.
    for (const { Id } of await containers(replica, ['created'])) await removeContainer(machine, Id);
    await untilEqual(async () => (await containers(replica)).length, poolSize);
    await untilEqual(() => serverConnections(runner.url), 0);
  });
}

describeOnEach(
  grounds.filter(({ name }) => name === 'docker trixie'),
  'A Docker daemon that goes away, on',
  daemonLost,
);
