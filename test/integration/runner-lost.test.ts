/**
 * A terminal whose client and runner come and go: every byte of a flood arrives once. On Docker, whose sandboxes outlive
 * their runner.
 */
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { afterEach, expect, it } from '@jest/globals';
import Docker from 'dockerode';
import { Daemon } from '../../src/sandbox/docker/daemon.js';
import { removeContainer } from '../../src/sandbox/docker/remove-container.js';
import { describeWhere } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { grounds } from '../support/grounds.js';
import { Random } from '../support/random.js';
import { ResumingReader } from '../support/resuming-reader.js';
import { RunnerProgram } from '../support/runner-program.js';
import { TerminalClient } from '../support/terminal-client.js';
import { untilEqual } from '../support/until-equal.js';

const lines = 1_000_000;
const disconnects = 100;
const kills = 5;
const ground = grounds.find(({ driver, available }) => driver === 'docker' && available);
const onDocker = describeWhere(ground !== undefined);
const docker = new Docker();
const daemon = new Daemon();

const newReplica = (): string => `lost-${randomBytes(6).toString('hex')}`;

/** In these states; by default in any. */
async function containersOf(replicas: readonly string[], status: readonly string[] = []): Promise<string[]> {
  const filters = { label: ['repl_runner=1'], ...(status.length === 0 ? {} : { status: [...status] }) };
  const found = await docker.listContainers({ all: true, filters });
  return found.filter(({ Labels }) => replicas.includes(Labels['repl_runner.replica'] ?? '')).map(({ Id }) => Id);
}

/** Resolves when this many events of a kind have happened to the containers of a replica, from now on. */
async function untilEvents(event: string, replica: string, count: number): Promise<void> {
  const filters = { event: [event], label: [`repl_runner.replica=${replica}`] };
  const stream = (await docker.getEvents({ filters })) as unknown as Readable;
  let seen = 0;
  for await (const line of stream) {
    seen += String(line).trim().split('\n').length;
    if (seen >= count) return;
  }
}

/** Resolves when the runner answers for sessions of this replica. */
async function servedBy(program: RunnerProgram, replica: string): Promise<void> {
  await eventually(`${replica} served`, async () => {
    // Not ready, it tells whom it serves all the same.
    const { serves } = (await (await fetch(`${program.url}/ready`)).json()) as { serves: string[] };
    return serves.includes(replica);
  });
}

/** The numbers 0, 1, 2 … on lines of their own, each once. */
class LineCheck {
  next = 0;
  #partial = '';
  fault: string | null = null;

  take(data: Buffer): void {
    const [last = '', ...whole] = (this.#partial + data.toString('latin1')).split('\r\n').reverse();
    this.#partial = last;
    for (const line of whole.reverse()) {
      if (line === String(this.next)) this.next += 1;
      else if (this.next > 0 && this.next < lines) this.fault ??= `${JSON.stringify(line)} in place of ${this.next}`;
    }
  }
}

onDocker('a terminal whose runner goes away', () => {
  const started: RunnerProgram[] = [];
  const replicas: string[] = [];

  async function start(extra: Record<string, string> = {}): Promise<RunnerProgram> {
    const replica = newReplica();
    replicas.push(replica);
    const program = await RunnerProgram.start({ ...ground?.env, REPL_RUNNER_REPLICA: replica, ...extra });
    started.push(program);
    return program;
  }

  async function session(program: RunnerProgram): Promise<{ id: string; reader: ResumingReader; check: LineCheck }> {
    const startup = 'def count():\n  print()\n  for i in range(1_000_000): print(i)\n';
    const { id } = await program.call('POST', '/repl', { language: 'python', startup });
    const check = new LineCheck();
    const reader = new ResumingReader((data) => {
      check.take(data);
    });
    return { id: String(id), reader, check };
  }

  afterEach(async () => {
    for (const program of started.splice(0)) await program.stop();
    const mine = replicas.splice(0);
    // What was made but not started when its runner was killed is taken for left after a minute; this does not wait for that.
    for (const id of await containersOf(mine, ['created'])) await removeContainer(daemon, id);
    // Those of sessions that a failed test has left.
    const left = await containersOf(mine);
    await Promise.all(left.map((id) => docker.getContainer(id).remove({ force: true, v: true })));
    expect(left).toEqual([]);
  });

  it('misses and repeats no byte of a flood over 100 disconnects and 5 kills of the runner', async () => {
    const random = new Random(20_261_121);
    const program = await start();
    const { id, reader, check } = await session(program);
    const url = `${program.url}/repl/${id}`;
    expect(await reader.attach(url)).toBeNull();
    reader.type('count()\r');
    const total = [...Array(lines).keys()].reduce((sum, line) => sum + String(line).length + 2, 0);
    const cuts = Array.from({ length: disconnects }, () => random.below(total)).sort((a, b) => a - b);
    const killAt = new Set(Array.from({ length: kills }, (_, kill) => kill * (disconnects / kills) + random.below(10)));
    for (const [index, cut] of cuts.entries()) {
      await reader.until(() => reader.offset >= cut || check.fault !== null);
      if (killAt.has(index)) await program.kill();
      await reader.detach(random.next() < 0.5);
      if (killAt.has(index)) await program.start();
      expect(await reader.attach(url)).toBeNull();
    }
    await reader.until(() => check.next === lines || check.fault !== null);
    expect(check.fault).toBeNull();
    expect(check.next).toBe(lines);
    await reader.detach(true);
    await program.call('DELETE', `/repl/${id}`);
  });

  it.each([
    ['is stopped and started again', 'stop', false],
    ['is stopped, and its successor has another name', 'stop', true],
    ['is killed, and its successor has another name', 'kill', true],
  ] as const)('goes on, state and screen included, when the runner %s', async (_name, end, renamed) => {
    const program = await start();
    const { id, reader } = await session(program);
    const [firstName = ''] = id.split('.');
    const url = `${program.url}/repl/${id}`;
    let text = '';
    const screen = new ResumingReader((data) => {
      text += data.toString();
    });
    expect(await screen.attach(url)).toBeNull();
    screen.type('kept = 40 + 2; print("se" + "t")\r');
    await screen.until(() => text.includes('set\r\n'));
    await program[end]();
    await screen.detach(false);
    const replica = newReplica();
    replicas.push(replica);
    await program.start(renamed ? { REPL_RUNNER_REPLICA: replica } : {});
    const upAt = performance.now();
    await servedBy(program, firstName);
    // The lease of a runner that was killed lasts eight seconds more.
    if (end === 'stop') expect(performance.now() - upAt).toBeLessThan(5_000);
    expect(await screen.attach(url)).toBeNull();
    screen.type('print(kept)\r');
    await screen.until(() => text.includes('42\r\n'));
    await screen.detach(true);
    await reader.detach(true);
    await program.call('DELETE', `/repl/${id}`);
    // A warm sandbox that its runner was making is offered to the successor later than the session's.
    if (renamed) await untilEqual(async () => (await containersOf([firstName], ['running'])).length, 0);
  });

  it('goes on at a sibling that took it up while its runner stood still', async () => {
    const [stalled, sibling] = await Promise.all([start(), start()]);
    const { id } = await stalled.call('POST', '/repl', { language: 'python' });
    const terminalAt = ({ url }: RunnerProgram): TerminalClient =>
      new TerminalClient(`${url.replace('http', 'ws')}/repl/${String(id)}`, { subprotocol: 'repl.v1' });
    const before = terminalAt(stalled);
    await before.until('>>> ');
    await before.run('kept = 40 + 2');
    stalled.signal('SIGSTOP');
    try {
      await servedBy(sibling, stalled.env.REPL_RUNNER_REPLICA ?? '');
    } finally {
      stalled.signal('SIGCONT');
    }
    expect(await before.closed).toMatchObject({ code: 1012 });
    await expect(stalled.call('GET', `/repl/${String(id)}`)).rejects.toThrow(/: 503 .*draining/);
    const after = terminalAt(sibling);
    await after.until('>>> ');
    expect(await after.run('kept')).toContain('42');
    await after.close();
    await sibling.call('DELETE', `/repl/${String(id)}`);
  });

  it('never takes the sandbox of a sibling that lives', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    const ids = await Promise.all([session(one), session(other)]);
    const [first, second] = ids;
    await Promise.all([one, other].map(({ env }) => untilEvents('attach', env.REPL_RUNNER_REPLICA ?? '', 4)));
    for (const [program, { id }] of [
      [one, first],
      [other, second],
    ] as const) {
      const { sessions } = (await program.call('GET', '/repl')) as { sessions: unknown[] };
      expect(sessions).toHaveLength(1);
      expect(await program.call('GET', `/repl/${id}`)).toMatchObject({ state: 'running' });
      await program.call('DELETE', `/repl/${id}`);
    }
  });

  it('leaves no sandbox behind when no runner ever comes back', async () => {
    const program = await start({ REPL_RUNNER_ORPHAN_SECONDS: '10' });
    await session(program);
    const replica = program.env.REPL_RUNNER_REPLICA ?? '';
    const warm = async (): Promise<number> =>
      ((await program.call('GET', '/ready')) as { warm: { python: number } }).warm.python;
    await untilEqual(warm, 1);
    const before = await containersOf([replica]);
    expect(before.length).toBeGreaterThan(1);
    const gone = untilEvents('destroy', replica, before.length);
    await program.kill();
    await gone;
    expect(await containersOf([replica])).toEqual([]);
  });
});
