import { afterEach, describe, expect, it } from '@jest/globals';
import { encodeFrame, frameTypes } from '../../../src/agent/frame.js';
import { createWarmSandbox, type WarmSandbox } from '../../../src/pool/warm-sandbox.js';
import type { Sandbox, SandboxEnd } from '../../../src/sandbox/sandbox.js';
import { AgentDouble, waitingState } from '../../doubles/agent-double.js';
import { FakeDriver } from '../../doubles/fake-driver.js';
import { FakeWarmSandbox } from '../../doubles/fake-warm-sandbox.js';
import { settled } from '../../doubles/settled.js';
import { streamPair } from '../../doubles/stream-pair.js';

const { spec } = new FakeWarmSandbox().sandbox;

class Stage {
  readonly #streams = streamPair();
  readonly agent = new AgentDouble(this.#streams[1]);
  readonly abort = new AbortController();
  destroyed = 0;
  readonly sandbox: Sandbox;

  constructor() {
    let end: (end: SandboxEnd) => void = () => undefined;
    const ended = new Promise<SandboxEnd>((resolve) => {
      end = resolve;
    });
    const [stream] = this.#streams;
    const destroy = (): Promise<void> => {
      this.destroyed += 1;
      stream.destroy();
      end({ exitCode: null, outOfMemory: false, reason: 'destroyed' });
      return Promise.resolve();
    };
    this.sandbox = { spec, outlivesRunner: false, stream, ended, destroy };
  }

  create(): Promise<WarmSandbox> {
    return createWarmSandbox(new FakeDriver(this.sandbox), spec, { resumeGraceSeconds: 60 }, this.abort.signal);
  }
}

describe('createWarmSandbox', () => {
  const made: WarmSandbox[] = [];
  afterEach(() => {
    for (const warm of made.splice(0)) warm.connection.close('the test is over');
  });

  it('waits until the REPL is up', async () => {
    const stage = new Stage();
    stage.agent.state = { ...waitingState, ready: false };
    let warm: WarmSandbox | null = null;
    const making = stage.create().then((it) => {
      warm = it;
      made.push(it);
    });
    await settled();
    expect(warm).toBeNull();
    stage.agent.sendJson(frameTypes.event, { event: 'ready' });
    await making;
    expect(warm).toMatchObject({ sandbox: stage.sandbox });
    expect(stage.destroyed).toBe(0);
  });

  it.each<[string, (agent: AgentDouble) => void]>([
    [
      'ends',
      (agent) => {
        agent.die();
      },
    ],
    [
      'speaks no protocol',
      (agent) => {
        agent.sendRaw(Buffer.from('Segmentation fault'));
      },
    ],
    [
      'says that its REPL has ended',
      (agent) => {
        const exit = { event: 'exit', outcome: 'runtime_error', exit_code: 1, signal: null, offset: 0 };
        agent.sendRaw(encodeFrame(frameTypes.event, Buffer.from(JSON.stringify(exit))));
      },
    ],
  ])('leaves nothing behind when the agent %s', async (_name, misbehave) => {
    const stage = new Stage();
    stage.agent.state = { ...waitingState, ready: false };
    const making = expect(stage.create()).rejects.toMatchObject({ code: 'sandbox_failed' });
    await settled();
    misbehave(stage.agent);
    await making;
    expect(stage.destroyed).toBe(1);
  });

  it('gives up at once when aborted, though the agent never answers', async () => {
    const stage = new Stage();
    stage.agent.answersSync = false;
    const making = expect(stage.create()).rejects.toMatchObject({ code: 'sandbox_failed' });
    await settled();
    stage.abort.abort();
    await making;
    expect(stage.destroyed).toBe(1);
  });

  it('stays connected when the signal is aborted later', async () => {
    const stage = new Stage();
    const warm = await stage.create();
    made.push(warm);
    stage.abort.abort();
    await settled();
    expect(warm.connection.closed).toBe(false);
  });
});
