/**
 * Bytes that no runner sends, to the real agent: it goes on after a resync or ends with a protocol error, within a bound
 * and without work for itself. The bytes are the same in every run.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeFrame, frameTypes } from '../../src/agent/frame.js';
import { AgentConversation } from '../doubles/agent-conversation.js';
import { within } from '../doubles/within.js';

const waitMs = 5_000;
const types = Object.values(frameTypes).filter((type) => type !== frameTypes.noop);
const frame = fc
  .record({ type: fc.constantFrom(...types), payload: fc.uint8Array({ maxLength: 200 }) })
  .map(({ type, payload }) => encodeFrame(type, payload));

const cases: Readonly<Record<string, fc.Arbitrary<Buffer>>> = {
  'any bytes': fc.uint8Array({ minLength: 1, maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
  'frames cut short': fc
    .record({ whole: frame, cut: fc.nat() })
    .map(({ whole, cut }) => whole.subarray(0, 1 + (cut % (whole.length - 1)))),
  'frames with a bit turned over': fc.record({ whole: frame, at: fc.nat() }).map(({ whole, at }) => {
    const bit = at % (whole.length * 8);
    whole.writeUInt8(whole.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    return whole;
  }),
  'whole frames of any content': frame.filter((bytes) => bytes.readUInt8(0) !== frameTypes.sync),
};

async function conversation(): Promise<AgentConversation> {
  const talk = new AgentConversation({ hook: false });
  await talk.sync();
  return talk;
}

/** True when the agent goes on; false when it has ended as it should. Throws where it does neither in time. */
async function survives(talk: AgentConversation, bytes: Buffer): Promise<boolean> {
  talk.agent.stream.write(bytes);
  const lived = await within(
    waitMs,
    'answer or end',
    Promise.race([
      talk.sync('a', false).then(
        () => true,
        () => false,
      ),
      talk.agent.ended.then(() => false),
    ]),
  );
  if (lived) {
    await within(waitMs, 'answer', talk.connection.usage());
    return true;
  }
  expect(await within(waitMs, 'end', talk.agent.ended)).toBe(70);
  expect(talk.agent.stderr).toMatch(/^protocol error: /);
  return false;
}

async function agentTicks(talk: AgentConversation): Promise<number> {
  let stat = '';
  const parameters = {
    argv: ['cat', '/proc/1/stat'],
    env: {},
    stdin: null,
    onStdout: (data: Buffer) => (stat += data.toString()),
    onStderr: () => undefined,
  };
  await talk.connection.spawn(parameters, new AbortController().signal);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

describe('the agent and bytes that no runner sends', () => {
  it.each(Object.keys(cases))('survives %s or ends with a protocol error', async (name) => {
    const bytes = fc.sample(cases[name] ?? fc.constant(Buffer.alloc(1)), { seed: 41966, numRuns: 60 });
    let talk = await conversation();
    let survived = 0;
    try {
      for (const piece of bytes) {
        if (await survives(talk, piece)) {
          survived += 1;
        } else {
          await talk.end();
          talk = await conversation();
        }
      }
      const before = await agentTicks(talk);
      await within(
        waitMs,
        'sleep',
        talk.connection.spawn(
          { argv: ['sleep', '0.5'], env: {}, stdin: null, onStdout: () => undefined, onStderr: () => undefined },
          new AbortController().signal,
        ),
      );
      expect((await agentTicks(talk)) - before).toBeLessThan(25);
      expect(survived).toBeGreaterThan(0);
    } finally {
      await talk.end();
    }
  });
});
