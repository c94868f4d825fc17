/** The agent's own decoder, in Python, against frames that the runner's codec writes. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeFrame, frameTypes, maxPayloadBytes, noops } from '../../../src/agent/frame.js';

const agentFolder = fileURLToPath(new URL('../../../images/agent', import.meta.url));

/** Takes one stream a line, as a JSON list of chunks in hex; prints what the decoder made of each. */
const program = `
import json, sys
sys.path.insert(0, sys.argv[1])
from repl_agent import frames
for line in sys.stdin:
    decoder, got, error = frames.Decoder(), [], None
    try:
        for chunk in json.loads(line):
            got += [[kind, payload.hex()] for kind, payload in decoder.feed(bytes.fromhex(chunk))]
    except frames.ProtocolError as problem:
        error = str(problem)
    left = len(decoder._buffer)
    print(json.dumps({"frames": got, "damaged": decoder.damaged, "error": error, "left": left}))
`;

interface Decoded {
  readonly frames: readonly [number, string][];
  readonly damaged: number;
  readonly error: string | null;
  readonly left: number;
}

function decodedByPython(streams: readonly (readonly Buffer[])[]): Decoded[] {
  const input = streams.map((chunks) => JSON.stringify(chunks.map((chunk) => chunk.toString('hex')))).join('\n');
  const options = { input, maxBuffer: 1 << 28 };
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-I', '-c', program, agentFolder], options);
  if (status !== 0) throw new Error(stderr.toString());
  return stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Decoded);
}

const toAgent = [
  frameTypes.sync,
  frameTypes.release,
  frameTypes.ping,
  frameTypes.request,
  frameTypes.flow,
  frameTypes.data,
  frameTypes.end,
  frameTypes.credit,
];
const frame = fc.record({ type: fc.constantFrom(...toAgent), payload: fc.uint8Array({ maxLength: 400 }) });

describe("the agent's frame decoder", () => {
  it('gives back what the runner encodes, however it is cut and however many no-ops lie between', () => {
    const cases = fc.sample(
      fc.record({
        sent: fc.array(frame, { maxLength: 8 }),
        gaps: fc.nat({ max: 9 }),
        size: fc.integer({ min: 1, max: 700 }),
      }),
      { seed: 1, numRuns: 200 },
    );
    const streams = cases.map(({ sent, gaps, size }) => {
      const gap = Buffer.alloc(gaps);
      const whole = Buffer.concat(sent.flatMap(({ type, payload }) => [gap, encodeFrame(type, payload)]));
      return Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
        whole.subarray(at * size, (at + 1) * size),
      );
    });
    const got = decodedByPython(streams);
    cases.forEach(({ sent }, index) => {
      expect(got[index]).toEqual({
        frames: sent.map(({ type, payload }) => [type, Buffer.from(payload).toString('hex')]),
        damaged: 0,
        error: null,
        left: 0,
      });
    });
  });

  it('makes nothing else of a frame that was cut anywhere and filled up with no-ops, and hears the next one', () => {
    const next = encodeFrame(frameTypes.ping);
    const [largest, small] = [Buffer.alloc(maxPayloadBytes, 0xff), Buffer.from('{"op":"kill_all","id":256}')];
    const whole = [
      ...toAgent.map((type) => encodeFrame(type, small)),
      encodeFrame(frameTypes.release),
      encodeFrame(frameTypes.data, Buffer.alloc(0x0101)),
    ];
    const prefixes = whole.flatMap((bytes) =>
      Array.from({ length: bytes.length - 1 }, (_, at) => ({ bytes, prefix: bytes.subarray(0, at + 1) })),
    );
    const long = encodeFrame(frameTypes.data, largest);
    for (const at of [1, 2, 3, 4, 5, 6, 300, 65_540, 65_544])
      prefixes.push({ bytes: long, prefix: long.subarray(0, at) });
    const got = decodedByPython(prefixes.map(({ prefix }) => [prefix, noops, next]));
    prefixes.forEach(({ bytes }, index) => {
      const { frames, error, left } = got[index] ?? { frames: [], error: 'nothing', left: -1 };
      const meant = [bytes.readUInt8(0), bytes.subarray(5, -4).toString('hex')];
      expect({ error, left, last: frames.at(-1) }).toEqual({ error: null, left: 0, last: [frameTypes.ping, ''] });
      // A checksum that ends in zeros may be completed by the no-ops: then it is the very frame that was meant.
      for (const other of frames.slice(0, -1)) expect(other).toEqual(meant);
    });
  });

  it('drops a damaged frame whole, counts it, and goes on with the next', () => {
    const damaged = encodeFrame(frameTypes.request, Buffer.from('{"id":1}'));
    damaged.writeUInt8(0x20, 7);
    const [got] = decodedByPython([[damaged, encodeFrame(frameTypes.ping)]]);
    expect(got).toEqual({ frames: [[frameTypes.ping, '']], damaged: 1, error: null, left: 0 });
  });

  it('refuses a length beyond the bound before the payload comes', () => {
    const [got] = decodedByPython([[Buffer.from([frameTypes.data, 0, 1, 0, 1])]]);
    expect(got).toMatchObject({ frames: [], error: 'a frame of 65537 bytes' });
  });
});
