import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { AgentConnection, pingIntervalMs, unlimited } from '../../../src/agent/agent-connection.js';
import { AgentRefusal } from '../../../src/agent/pending-requests.js';
import { encodeFrame, frameTypes, noops } from '../../../src/agent/frame.js';
import { AgentDouble, waitingState, type RunnerRequest } from '../../doubles/agent-double.js';
import { useFakeClock } from '../../doubles/fake-clock.js';
import { RecordingListener } from '../../doubles/recording-listener.js';
import { settled } from '../../doubles/settled.js';
import { spawnAnswer } from '../../doubles/spawn-answer.js';
import { streamPair } from '../../doubles/stream-pair.js';

const greeting = { replica: 'a', resumeGraceSeconds: 60, fresh: true, timeoutMs: 5_000 };
const start = { cols: 80, rows: 24, env: {}, startup: null, files: null };

function connected() {
  const [ours, theirs] = streamPair();
  const listener = new RecordingListener();
  const agent = new AgentDouble(theirs);
  return { agent, listener, stream: ours, connection: new AgentConnection(ours, listener) };
}

function channel(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

describe('AgentConnection', () => {
  beforeEach(useFakeClock);
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('takes the lease and learns the state', async () => {
    const { agent, connection } = connected();
    expect(await connection.sync(greeting)).toEqual(waitingState);
    const [sync] = agent.payloads(frameTypes.sync);
    expect(JSON.parse(sync?.subarray(16).toString() ?? '')).toEqual({ replica: 'a', resume_grace_seconds: 60 });
    connection.close('done');
  });

  it('pings while it holds the lease', async () => {
    const { agent, connection } = connected();
    await connection.sync(greeting);
    jest.advanceTimersByTime(3 * pingIntervalMs);
    await settled();
    expect(agent.payloads(frameTypes.ping)).toHaveLength(3);
    connection.close('done');
  });

  it('spreads the pings of connections that began together over the interval', async () => {
    const many = Array.from({ length: 500 }, connected);
    await Promise.all(many.map(({ connection }) => connection.sync(greeting)));
    const pings = (): number => many.reduce((sum, { agent }) => sum + agent.payloads(frameTypes.ping).length, 0);
    let most = 0;
    for (let [passed, before] = [0, 0]; passed < pingIntervalMs; passed += 50) {
      jest.advanceTimersByTime(50);
      await settled();
      most = Math.max(most, pings() - before);
      before = pings();
    }
    expect(pings()).toBe(500);
    // Eight, were places not given by chance.
    expect(most).toBeLessThan(100);
    for (const { connection } of many) connection.close('done');
  });

  it('flushes half frames with no-ops on a stream that was used before', async () => {
    const { connection, stream } = connected();
    const written = jest.spyOn(stream, 'write');
    await connection.sync({ ...greeting, fresh: false });
    expect(written.mock.calls[0]?.[0]).toBe(noops);
    connection.close('done');
  });

  it('hears nothing of an earlier conversation', async () => {
    const { agent, listener, connection } = connected();
    const syncing = connection.sync({ ...greeting, fresh: false });
    agent.sendRaw(Buffer.from('garbage, then an old answer and half of old output'));
    agent.sendJson(frameTypes.response, { id: 77 });
    agent.sendRaw(encodeFrame(frameTypes.output, Buffer.alloc(100)).subarray(0, 60));
    expect(await syncing).toEqual(waitingState);
    expect(listener.closed).toEqual([]);
    connection.close('done');
  });

  it('tells who holds the lease when it is denied', async () => {
    const { agent, connection } = connected();
    agent.denies = 'b';
    await expect(connection.sync(greeting)).rejects.toMatchObject({ code: 'sandbox_failed', context: { holder: 'b' } });
    connection.close('done');
  });

  it('gives up an agent that does not answer SYNC', async () => {
    const { agent, connection } = connected();
    agent.answersSync = false;
    const syncing = connection.sync(greeting);
    jest.advanceTimersByTime(5_000);
    await expect(syncing).rejects.toMatchObject({ code: 'sandbox_failed' });
    connection.close('done');
  });

  it('rejects a sync on a connection that is closed, or closes meanwhile', async () => {
    const { agent, connection } = connected();
    agent.answersSync = false;
    const syncing = connection.sync(greeting);
    connection.close('done');
    await expect(syncing).rejects.toThrow('done');
    await expect(connection.sync(greeting)).rejects.toMatchObject({ code: 'sandbox_failed' });
  });

  it('answers every call that is under way, and every later one, when it closes', async () => {
    const { agent, listener, connection } = connected();
    agent.answers.start = agent.answers.usage = agent.answers.spawn = () => null;
    const silent = { argv: ['x'], env: {}, stdin: null, onStdout: () => undefined, onStderr: () => undefined };
    const calls = [
      connection.start({ ...start, files: Buffer.alloc(3 * 1024 * 1024) }),
      connection.usage(),
      connection.spawn(silent, new AbortController().signal),
    ];
    const outcomes = Promise.allSettled(calls);
    agent.die();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'sandbox_failed' } });
    }
    await expect(connection.usage()).rejects.toMatchObject({ code: 'sandbox_failed' });
    connection.close('again');
    expect(listener.closed).toHaveLength(1);
  });

  it('closes when a call is not answered in time', async () => {
    const { agent, listener, connection } = connected();
    agent.answers.usage = () => null;
    const usage = connection.usage();
    const outcome = expect(usage).rejects.toMatchObject({ code: 'sandbox_failed' });
    jest.advanceTimersByTime(15_000);
    await outcome;
    expect(listener.closed).toEqual(['no answer to usage within 15000 ms']);
  });

  it('hands a refusal on in the words of the agent, and lives on', async () => {
    const { agent, listener, connection } = connected();
    agent.answers.signal = () => ({ error: { code: 'state', message: 'no process' } });
    await expect(connection.signal('SIGINT')).rejects.toThrow(new AgentRefusal('state', 'no process'));
    expect(listener.closed).toEqual([]);
    connection.close('done');
  });

  it('sends files of several MiB whole and in order', async () => {
    const { agent, connection } = connected();
    const files = Buffer.from(Array.from({ length: 3 * 1024 * 1024 + 17 }, (_, at) => at * 31 + (at >> 8)));
    agent.answers.start = () => null;
    const started = connection.start({ ...start, files });
    await settled();
    const [request] = agent.requests;
    while (agent.payloads(frameTypes.end).length === 0) await settled();
    agent.sendJson(frameTypes.response, { id: request?.id, files: 1, bytes: 2 });
    expect(await started).toMatchObject({ files: 1, bytes: 2 });
    const pieces = agent.payloads(frameTypes.data);
    expect(pieces.every((piece) => piece.readUInt32BE(0) === request?.files)).toBe(true);
    expect(Buffer.concat(pieces.map((piece) => piece.subarray(4))).equals(files)).toBe(true);
    connection.close('done');
  });

  it('refuses a request beyond what an agent takes and is still of use', async () => {
    const { connection } = connected();
    const startup = 'x'.repeat(1_100_000);
    await expect(connection.restart({ ...start, startup, files: Buffer.alloc(10) })).rejects.toThrow(RangeError);
    expect(await connection.interrupt()).toBe(true);
    connection.close('done');
  });

  it('passes on output within its credit', async () => {
    const { agent, listener, connection } = connected();
    connection.setFlow(unlimited, 10);
    agent.output(5, Buffer.from('hello'));
    agent.output(10, Buffer.from('world'));
    await settled();
    expect(listener.output).toEqual([
      { offset: 5, data: Buffer.from('hello') },
      { offset: 10, data: Buffer.from('world') },
    ]);
    connection.close('done');
  });

  it('passes on output whole and at its offsets, however the stream cuts it', async () => {
    const { agent, listener, connection } = connected();
    connection.setFlow(unlimited, 11);
    const offset = Buffer.alloc(8, 0);
    offset.writeUInt8(5, 7);
    for (const byte of encodeFrame(frameTypes.output, offset, Buffer.from('hello world'))) {
      agent.sendRaw(Buffer.from([byte]));
    }
    await settled();
    let end = 5;
    for (const { offset: at, data } of listener.output) {
      expect(at).toBe(end);
      end += data.length;
    }
    expect(Buffer.concat(listener.output.map(({ data }) => data)).toString()).toBe('hello world');
    connection.close('done');
  });

  it.each<[string, (agent: AgentDouble) => void]>([
    [
      'output beyond its credit',
      (agent) => {
        agent.output(0, Buffer.alloc(11));
      },
    ],
    [
      'empty output',
      (agent) => {
        agent.output(0, Buffer.alloc(0));
      },
    ],
    [
      'output at an offset that no number holds',
      (agent) => {
        agent.send(frameTypes.output, Buffer.alloc(8, 0xff), Buffer.from('x'));
      },
    ],
    [
      'output that is too short for an offset',
      (agent) => {
        agent.send(frameTypes.output, Buffer.alloc(3));
      },
    ],
    [
      'an answer to nothing',
      (agent) => {
        agent.sendJson(frameTypes.response, { id: 9 });
      },
    ],
    [
      'an answer without an id',
      (agent) => {
        agent.sendJson(frameTypes.response, {});
      },
    ],
    [
      'an answer that is no JSON',
      (agent) => {
        agent.send(frameTypes.response, Buffer.from('{'));
      },
    ],
    [
      'an event of no known name',
      (agent) => {
        agent.sendJson(frameTypes.event, { event: 'surprise' });
      },
    ],
    [
      'an exit code that no process has',
      (agent) => {
        agent.sendJson(frameTypes.event, { event: 'exit', outcome: 'ok', exit_code: 1e300, signal: null, offset: 0 });
      },
    ],
    [
      'an exit at a negative offset',
      (agent) => {
        agent.sendJson(frameTypes.event, { event: 'exit', outcome: 'ok', exit_code: 0, signal: null, offset: -1 });
      },
    ],
    [
      'an exit signal of any text',
      (agent) => {
        agent.sendJson(frameTypes.event, {
          event: 'exit',
          outcome: 'signal',
          exit_code: null,
          signal: '\u001b[2J',
          offset: 0,
        });
      },
    ],
    [
      'credit that is cut short',
      (agent) => {
        agent.send(frameTypes.credit, Buffer.alloc(6));
      },
    ],
    [
      'channel data without a channel',
      (agent) => {
        agent.send(frameTypes.data, Buffer.alloc(2));
      },
    ],
    [
      "a frame of the runner's own",
      (agent) => {
        agent.send(frameTypes.ping);
      },
    ],
    [
      'bytes that are no frame',
      (agent) => {
        agent.sendRaw(Buffer.from('Traceback (most recent call last):'));
      },
    ],
  ])('closes upon %s', async (_name, misbehave) => {
    const { agent, listener, connection } = connected();
    connection.setFlow(unlimited, 10);
    misbehave(agent);
    await settled();
    expect(listener.closed).toHaveLength(1);
    expect(listener.closed[0]).toMatch(/^a protocol error: /);
    expect(listener.output).toEqual([]);
    expect(connection.closed).toBe(true);
  });

  it('hears nothing after a protocol error, not even in the same chunk', async () => {
    const { agent, listener, connection } = connected();
    connection.setFlow(unlimited, 10);
    const ready = encodeFrame(frameTypes.event, Buffer.from('{"event":"ready"}'));
    agent.sendRaw(Buffer.concat([encodeFrame(frameTypes.response, Buffer.from('{"id":1}')), ready]));
    await settled();
    expect([listener.ready, listener.closed.length]).toEqual([0, 1]);
  });

  it('passes on credit of any size as the number that it is', async () => {
    const { agent, listener, connection } = connected();
    agent.send(frameTypes.credit, channel(0), Buffer.alloc(4, 0xff));
    await settled();
    expect(listener.inputCredit).toBe(0xffff_ffff);
    connection.close('done');
  });

  it('drops data of a channel that is not open', async () => {
    const { agent, listener, connection } = connected();
    agent.send(frameTypes.data, channel(99), Buffer.from('late'));
    agent.send(frameTypes.end, channel(99));
    await settled();
    expect(listener.closed).toEqual([]);
    connection.close('done');
  });

  it('takes what comes on a channel and gives back the credit that it used', async () => {
    const { agent, connection } = connected();
    agent.answers.anything = ({ channel: number }) => {
      agent.send(frameTypes.data, channel(number as number), Buffer.from('tar'));
      agent.send(frameTypes.end, channel(number as number));
      return {};
    };
    const got: (string | null)[] = [];
    const number = connection.channels.open(
      (data) => got.push(data.toString()),
      () => got.push(null),
    );
    await connection.request('anything', { channel: number });
    await settled();
    expect(got).toEqual(['tar', null]);
    expect(agent.payloads(frameTypes.credit).map((payload) => payload.readUInt32BE(4))).toEqual([3]);
    connection.close('done');
  });

  it('spawns, hands over both outputs and the result', async () => {
    const { agent, connection } = connected();
    agent.answers.spawn = ({ channels }) => {
      const { stdout, stderr } = channels as { stdout: number; stderr: number };
      agent.send(frameTypes.data, channel(stdout), Buffer.from('out'));
      agent.send(frameTypes.data, channel(stderr), Buffer.from('err'));
      return spawnAnswer({ exit_code: 3, cpu_ms: 500 });
    };
    const got: string[] = [];
    const result = await connection.spawn(
      {
        argv: ['x'],
        env: {},
        stdin: Buffer.from('in'),
        onStdout: (data) => got.push(`1${data.toString()}`),
        onStderr: (data) => got.push(`2${data.toString()}`),
      },
      new AbortController().signal,
    );
    expect(result).toMatchObject({ exit_code: 3, cpu_ms: 500 });
    expect(got).toEqual(['1out', '2err']);
    connection.close('done');
  });

  it('kills what it spawned when aborted, and still waits for the result', async () => {
    const { agent, connection } = connected();
    const asked: RunnerRequest[] = [];
    agent.answers.spawn = (request) => {
      asked.push(request);
      return null;
    };
    agent.answers.kill = ({ stdout }) => {
      const killed = asked.find(({ channels }) => (channels as { stdout: number }).stdout === stdout);
      const answer = spawnAnswer({ exit_code: null, signal: 'SIGKILL', ended_by: 'killed' });
      agent.sendJson(frameTypes.response, { id: killed?.id, ...answer });
      return {};
    };
    const abort = new AbortController();
    const silent = { argv: ['x'], env: {}, stdin: null, onStdout: () => undefined, onStderr: () => undefined };
    const result = connection.spawn(silent, abort.signal);
    abort.abort();
    expect(await result).toMatchObject({ signal: 'SIGKILL' });
    await settled();
    connection.close('done');
  });

  it('takes a refusal in the middle of a long standard input', async () => {
    const { agent, connection } = connected();
    agent.answers.spawn = () => {
      agent.pause();
      return { error: { code: 'start_failed', message: 'no such program' } };
    };
    const stdin = Buffer.alloc(4 * 1024 * 1024);
    const parameters = { argv: ['x'], env: {}, stdin, onStdout: () => undefined, onStderr: () => undefined };
    const spawned = connection.spawn(parameters, new AbortController().signal);
    const refused = expect(spawned).rejects.toMatchObject({ code: 'start_failed' });
    await settled();
    agent.resume();
    await refused;
    connection.close('done');
  });

  it('cuts long terminal input into frames', async () => {
    const { agent, connection } = connected();
    const data = Buffer.alloc(150_000, 'x');
    connection.writeInput(data);
    await settled();
    const pieces = agent.payloads(frameTypes.data).map((payload) => payload.subarray(4));
    expect(Buffer.concat(pieces).equals(data)).toBe(true);
    connection.close('done');
  });

  it('tells the new listener once it has changed', async () => {
    const { agent, listener, connection } = connected();
    const second = new RecordingListener();
    connection.listen(second);
    agent.sendJson(frameTypes.event, { event: 'ready' });
    await settled();
    expect([listener.ready, second.ready]).toEqual([0, 1]);
    connection.close('done');
  });

  it('gives the lease up on release', async () => {
    const { agent, connection } = connected();
    await connection.release();
    await settled();
    expect(agent.payloads(frameTypes.release)).toHaveLength(1);
    connection.close('done');
  });

  it('ignores or closes upon any bytes, and never throws', async () => {
    const types = Object.values(frameTypes).filter((type) => type !== frameTypes.noop);
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc
        .record({
          type: fc.constantFrom(...types),
          payload: fc.uint8Array({ maxLength: 40 }),
          cut: fc.nat({ max: 20 }),
        })
        .map(({ type, payload, cut }) => {
          const frame = encodeFrame(type, payload);
          return cut > 15 ? frame.subarray(0, frame.length - cut + 15) : frame;
        }),
      fc
        .record({ type: fc.constantFrom(...types), message: fc.json() })
        .map(({ type, message }) => encodeFrame(type, Buffer.from(message))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const { agent, listener, connection } = connected();
        connection.setFlow(unlimited, 100);
        const usage = connection.usage().catch((error: unknown) => error);
        for (const bytes of pieces) agent.sendRaw(bytes);
        await new Promise(setImmediate);
        expect(listener.closed.length).toBe(connection.closed ? 1 : 0);
        connection.close('done');
        expect(await usage).toBeDefined();
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});
