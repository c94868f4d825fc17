import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { run, type RunRequest } from '../../../src/execution/run.js';
import { frameTypes } from '../../../src/agent/frame.js';
import type { RunnerRequest } from '../../doubles/agent-double.js';
import { useFakeClock } from '../../doubles/fake-clock.js';
import { FakeWarmSandbox } from '../../doubles/fake-warm-sandbox.js';
import { settled } from '../../doubles/settled.js';
import { spawnAnswer } from '../../doubles/spawn-answer.js';

const never = new AbortController().signal;
const limits = { wallMs: 1_000, cpuMs: null, outputBytes: 10, dataBytes: null };
const request: RunRequest = { argv: ['x'], env: {}, stdin: null, limits };

function says({ agent }: FakeWarmSandbox, asked: RunnerRequest, name: 'stdout' | 'stderr', words: string): void {
  const channel = Buffer.alloc(4);
  channel.writeUInt32BE((asked.channels as Record<string, number>)[name] ?? 0);
  agent.send(frameTypes.data, channel, Buffer.from(words));
}

describe('run', () => {
  let warm: FakeWarmSandbox;
  beforeEach(() => {
    useFakeClock();
    warm = new FakeWarmSandbox();
  });
  afterEach(() => {
    warm.connection.close('the test is over');
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('keeps no more output than is allowed, whatever the agent sends', async () => {
    warm.agent.answers.spawn = (asked) => {
      says(warm, asked, 'stdout', '123456');
      says(warm, asked, 'stderr', 'abcdef');
      says(warm, asked, 'stdout', '7');
      return spawnAnswer();
    };
    const { stdout, stderr } = await run(warm.connection, request, never);
    expect([stdout.data.toString(), stdout.truncated, stderr.data.toString(), stderr.truncated]).toEqual([
      ...['123456', true],
      ...['abcd', true],
    ]);
  });

  it('closes an agent that sends more than it has credit for', async () => {
    warm.agent.answers.spawn = (asked) => {
      for (let count = 0; count < 5; count += 1) says(warm, asked, 'stdout', 'x'.repeat(60_000));
      return spawnAnswer();
    };
    const onOutput = () => new Promise<void>(() => undefined);
    const held = { ...request, limits: { ...limits, outputBytes: 1 << 20 }, onOutput };
    expect(await run(warm.connection, held, never)).toMatchObject({ outcome: 'infrastructure' });
    expect(warm.connection.closed).toBe(true);
  });

  it('says infrastructure when the sandbox is lost, with what was said before', async () => {
    warm.agent.answers.spawn = (asked) => {
      says(warm, asked, 'stdout', 'abc');
      return null;
    };
    const running = run(warm.connection, request, never);
    await settled();
    warm.end('lost');
    expect(await running).toMatchObject({
      ...{ outcome: 'infrastructure', exitCode: null, files: null },
      stdout: { data: Buffer.from('abc'), truncated: true },
    });
  });

  it('ends a run whose agent does not heed its time, and then the agent', async () => {
    warm.agent.answers.spawn = () => null;
    const running = run(warm.connection, request, never);
    await settled();
    await jest.advanceTimersByTimeAsync(16_000);
    expect(warm.agent.requests.map(({ op }) => op)).toEqual(['spawn', 'kill']);
    await jest.advanceTimersByTimeAsync(15_000);
    expect(await running).toMatchObject({ outcome: 'infrastructure' });
  });

  it.each([
    ['no_process', 'process_limit', null],
    ['not_found', 'runtime_error', 127],
    ['start_failed', 'runtime_error', 126],
    ['failed', 'infrastructure', null],
  ])('takes the refusal %s for %s', async (code, outcome, exitCode) => {
    warm.agent.answers.spawn = () => ({ error: { code, message: 'so' } });
    const result = await run(warm.connection, request, never);
    expect(result).toMatchObject({ outcome, exitCode, stderr: { data: Buffer.from('so\n') } });
  });

  it('says infrastructure of an end that cannot be', async () => {
    warm.agent.answers.spawn = () => ({ ...spawnAnswer(), exit_code: 'none' });
    expect(await run(warm.connection, request, never)).toMatchObject({ outcome: 'infrastructure' });
  });

  it('ends when nobody takes its output any more', async () => {
    let asked: RunnerRequest | null = null;
    warm.agent.answers.spawn = (given) => {
      asked = given;
      says(warm, given, 'stdout', 'a');
      return null;
    };
    warm.agent.answers.kill = () => {
      warm.agent.sendJson(frameTypes.response, { ...spawnAnswer({ ended_by: 'killed' }), id: asked?.id });
      return {};
    };
    const held = { ...request, onOutput: () => Promise.reject(new Error('gone')) };
    expect(await run(warm.connection, held, never)).toMatchObject({ outcome: 'ended' });
  });

  it('hands nothing on behind its own end', async () => {
    let asked: RunnerRequest | null = null;
    const leaving = new AbortController();
    warm.agent.answers.spawn = (given) => {
      asked = given;
      return null;
    };
    warm.agent.answers.kill = () => {
      for (let count = 0; count < 50; count += 1) if (asked !== null) says(warm, asked, 'stdout', 'a');
      warm.agent.sendJson(frameTypes.response, { ...spawnAnswer({ ended_by: 'killed' }), id: asked?.id });
      return {};
    };
    let ended = false;
    const late: boolean[] = [];
    const onOutput = (): void => {
      late.push(ended);
    };
    const held = { ...request, limits: { ...limits, outputBytes: 100 }, onOutput };
    const running = run(warm.connection, held, leaving.signal).catch(() => (ended = true));
    await settled();
    leaving.abort(new Error('left'));
    await running;
    await settled();
    expect(late).not.toContain(true);
  });
});
