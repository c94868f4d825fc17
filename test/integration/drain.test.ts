/** A runner that is told to stop or to drain, as a process: what becomes of its sessions, and when it ends. */
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect } from '@jest/globals';
import { itWhere } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { groundPerDriver, type Ground } from '../support/grounds.js';
import { RunnerProgram } from '../support/runner-program.js';
import { TerminalClient } from '../support/terminal-client.js';

const token = 'of-this-test-only';
const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };

/** Longer than any test waits, in seconds. */
const long = '120';

class Drained {
  private constructor(
    readonly program: RunnerProgram,
    readonly id: string,
    readonly terminal: TerminalClient,
  ) {}

  /** A runner with one session, whose prompt is there. */
  static async start(program: RunnerProgram): Promise<Drained> {
    const answer = await fetch(`${program.url}/repl`, { method: 'POST', headers, body: '{"language":"python"}' });
    const { id } = (await answer.json()) as { id: string };
    const terminal = attach(program, id);
    await terminal.until('>>> ');
    return new Drained(program, id, terminal);
  }

  async ready(): Promise<Record<string, unknown>> {
    return (await (await fetch(`${this.program.url}/ready`)).json()) as Record<string, unknown>;
  }

  async isDraining(): Promise<boolean> {
    return (await this.ready()).code === 'draining';
  }

  /** Takes no more sessions, and serves the one that it has. */
  async expectOldOnly(): Promise<void> {
    const { url } = this.program;
    const refused = await fetch(`${url}/repl`, { method: 'POST', headers, body: '{"language":"python"}' });
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'draining' } }]);
    expect(await this.ready()).toMatchObject({ 'ready?': false, code: 'draining', sessions: 1, warm: { python: 0 } });
    expect((await fetch(`${url}/repl/${this.id}`, { headers })).status).toBe(200);
    expect(await this.terminal.run('6 * 7')).toContain('42');
  }

  async end(): Promise<void> {
    const answer = await fetch(`${this.program.url}/repl/${this.id}`, { method: 'DELETE', headers });
    expect(answer.status).toBe(204);
  }
}

function attach(program: RunnerProgram, id: string): TerminalClient {
  const url = `${program.url.replace('http', 'ws')}/repl/${id}`;
  return new TerminalClient(url, { subprotocol: 'repl.v1', headers: { Authorization: `Bearer ${token}` } });
}

describe.each(groundPerDriver)('a runner that drains ($name)', (ground: Ground) => {
  const onGround = itWhere(ground.available);
  const programs: RunnerProgram[] = [];

  async function program(env: Record<string, string> = {}): Promise<RunnerProgram> {
    const replica = `drain-${randomBytes(6).toString('hex')}`;
    const given = { ...ground.env, REPL_RUNNER_REPLICA: replica, REPL_RUNNER_API_TOKEN: token, ...env };
    const started = await RunnerProgram.start(given);
    programs.push(started);
    return started;
  }

  afterEach(async () => {
    await Promise.all(programs.splice(0).map((each) => each.stop()));
  });

  onGround('keeps its session on SIGTERM until it ends, and then ends itself', async () => {
    const drained = await Drained.start(await program({ REPL_RUNNER_DRAIN_SECONDS: long }));
    drained.program.signal('SIGTERM');
    await eventually('a drain', () => drained.isDraining());
    await drained.expectOldOnly();
    await drained.end();
    expect(await drained.program.exited()).toBe(0);
    expect((await drained.terminal.closed).code).toBe(4002);
  });

  onGround('drains on POST /drain, and stays when its session has ended', async () => {
    const drained = await Drained.start(await program());
    const { url } = drained.program;
    expect((await fetch(`${url}/drain`, { method: 'POST' })).status).toBe(401);
    expect(await drained.isDraining()).toBe(false);
    const answer = await fetch(`${url}/drain`, { method: 'POST', headers });
    expect([answer.status, await answer.json()]).toEqual([202, { 'draining?': true, sessions: 1 }]);
    await eventually('an empty pool', async () => (await drained.ready()).warm !== undefined);
    await eventually('a drain', async () => JSON.stringify((await drained.ready()).warm) === '{"python":0}');
    await drained.expectOldOnly();
    await drained.end();
    expect(await drained.ready()).toMatchObject({ 'ready?': false, sessions: 0 });
    drained.program.signal('SIGTERM');
    expect(await drained.program.exited()).toBe(0);
  });

  // What is left at the end goes with the runner, or waits for another one.
  if (ground.driver === 'bubblewrap') {
    onGround('warns whoever is attached, and ends what is left at the deadline', async () => {
      const drained = await Drained.start(await program({ REPL_RUNNER_DRAIN_SECONDS: '1' }));
      drained.program.signal('SIGTERM');
      expect(await drained.program.exited()).toBe(0);
      expect((await drained.terminal.closed).code).toBe(1012);
      expect(drained.terminal.messages).toContainEqual({ type: 'warning', reason: 'draining', seconds: 1 });
    });

    onGround('stops at once at the second signal', async () => {
      const drained = await Drained.start(await program({ REPL_RUNNER_DRAIN_SECONDS: long }));
      drained.program.signal('SIGTERM');
      await eventually('a drain', () => drained.isDraining());
      drained.program.signal('SIGINT');
      expect(await drained.program.exited()).toBe(0);
      expect((await drained.terminal.closed).code).toBe(1012);
    });
  } else {
    onGround('hands its session to a sibling of the host at the deadline, and says so until it is there', async () => {
      const drained = await Drained.start(await program({ REPL_RUNNER_DRAIN_SECONDS: '1' }));
      await drained.terminal.run('kept = 41');
      await fetch(`${drained.program.url}/drain`, { method: 'POST', headers });
      expect((await drained.terminal.closed).code).toBe(1012);
      expect((await fetch(`${drained.program.url}/repl/${drained.id}`, { headers })).status).toBe(503);
      expect((await attach(drained.program, drained.id).closed).code).toBe(1012);
      const sibling = await program();
      const isThere = async (): Promise<boolean> =>
        (await fetch(`${sibling.url}/repl/${drained.id}`, { headers })).status === 200;
      await eventually('adoption', isThere);
      const terminal = attach(sibling, drained.id);
      await terminal.until('>>> ');
      expect(await terminal.run('kept + 1')).toContain('42');
      await terminal.close();
      expect((await fetch(`${sibling.url}/repl/${drained.id}`, { method: 'DELETE', headers })).status).toBe(204);
    });
  }
});
