/**
 * The agent's half of the protocol: the real agent, as the sandbox's user in a bubblewrap sandbox, and a runner that sends it
 * frames, requests and files as it should not. It goes on, or ends with a protocol error, and is left with nothing to do.
 */
import { encodeFrame, frameTypes, type FrameType } from '../../../src/agent/frame.js';
import { within } from '../../doubles/within.js';
import { RawTar } from '../../support/raw-tar.js';
import type { Random } from '../../support/random.js';
import { must, type OpenTarget } from '../fuzz-target.js';
import { HostileRunner } from '../hostile-runner.js';
import { mutatedBytes } from '../mutate-bytes.js';
import { mutatedJson } from '../mutate-json.js';

const waitMs = 20_000;
const mostBytes = 65_000;
/** Of an agent at rest. */
const mostDescriptors = 30;
const mostResidentBytes = 80 * 1024 * 1024;
const types = Object.values(frameTypes).filter((type) => type !== frameTypes.noop);
const limits = { wall_ms: 100, cpu_ms: 100, output_bytes: 100, data_bytes: 2 ** 27 };
/** No program but a short one: it is the agent that is tested. */
const channels = { stdin: 5, stdout: 6, stderr: 7 };
const start = { cols: 80, rows: 24, env: { A: 'b' }, startup: 'x = 1', files: null };
const requests: readonly object[] = [
  { op: 'start', ...start },
  { op: 'start', ...start, files: 3 },
  { op: 'restart', ...start, startup: null, files: 3 },
  { op: 'resize', cols: 100, rows: 30 },
  { op: 'signal', name: 'SIGINT' },
  ...['interrupt', 'usage', 'kill_all'].map((op) => ({ op })),
  { op: 'unpack', files: 3 },
  { op: 'pack', channel: 3, credit: 1000, max_bytes: 100_000 },
  { op: 'list', path: '', recursive: true, max_entries: 10, channel: 3, credit: 1000 },
  { op: 'read', path: 'a.py', channel: 3, credit: 1000 },
  { op: 'write', path: 'd/a.py', executable: null, channel: 3 },
  { op: 'rename', path: 'a.py', to: 'b.py', overwrite: true },
  { op: 'remove', path: 'd' },
  { op: 'cancel', channel: 3 },
  { op: 'spawn', argv: ['true'], env: {}, as_repl: true, cwd: '', limits, changes: true, channels, credit: 1000 },
  { op: 'spawn', argv: ['cat'], env: { A: 'b' }, limits: {}, channels, credit: 1 },
  { op: 'kill', stdout: 6 },
  { op: 'egress', port: 3128, grant: null },
].map((fields, index) => ({ id: index + 1, ...fields }));
const numbers = [0, 1, 3, 5, 6, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff];
const tars = [
  new RawTar().file('a.py', 'x = 1\n').directory('d').symlink('d/l', '../a.py').end(),
  new RawTar()
    .pax({ path: 'long/'.repeat(30) + 'é' })
    .file('short', 'y')
    .end(),
];

export function openAgent(): Promise<OpenTarget> {
  let runner: HostileRunner | null = null;
  const alive = async (): Promise<HostileRunner> => {
    if (runner !== null) return runner;
    runner = new HostileRunner();
    await within('agent', runner.sync(), waitMs);
    return runner;
  };
  return Promise.resolve({
    play: async (random: Random) => {
      const now = await alive();
      const damaged = random.percent(4);
      now.send(damaged ? mutatedBytes(random, [encoded(random), encoded(random)]) : encoded(random));
      if (await now.survived(damaged)) return;
      runner = null;
      await now.end();
    },
    check: async () => {
      const now = await alive();
      // What was begun ends with a sync; all that is left is what leaked.
      await within('sync', now.sync(), waitMs);
      await now.request('kill_all');
      await now.request('remove', { path: '' });
      const { descriptors, residentBytes } = now.figures() ?? { descriptors: 0, residentBytes: 0 };
      must(descriptors <= mostDescriptors, () => `the agent holds ${descriptors} descriptors`);
      must(residentBytes <= mostResidentBytes, () => `the agent holds ${residentBytes} bytes`);
      await mustRest(now);
    },
    close: () => runner?.end(),
  });
}

/** Throws Find where it uses the CPU although there is nothing to do. */
async function mustRest(runner: HostileRunner): Promise<void> {
  const before = runner.figures()?.ticks ?? 0;
  // As the work of a program, since this process must not sleep.
  await runner.request('spawn', { argv: ['sleep', '0.3'], env: {}, limits: {}, channels, credit: 1000 });
  const ticks = (runner.figures()?.ticks ?? 0) - before;
  must(ticks < 15, () => `an agent with nothing to do used ${ticks} ticks`);
}

function encoded(random: Random): Buffer {
  const frames: Buffer[] = [];
  for (let count = 1 + random.below(2); count > 0; count -= 1) frames.push(frameOf(random));
  return Buffer.concat(frames);
}

function frameOf(random: Random): Buffer {
  switch (random.below(10)) {
    case 0:
      return frame(frameTypes.flow, mutatedBytes(random, [Buffer.alloc(16, 1), Buffer.alloc(16, 0xff)]));
    case 1:
      return frame(
        random.pick([frameTypes.credit, frameTypes.end]),
        numberOf(random),
        numberOf(random).subarray(random.pick([0, 0, 4])),
      );
    case 2:
    case 3:
      return frame(
        frameTypes.data,
        numberOf(random),
        random.percent(40) ? mutatedBytes(random, tars) : random.pick(tars),
      );
    case 4:
      return random.percent(50)
        ? frame(frameTypes.requestPart, Buffer.from('{"id":1,'))
        : frame(frameTypes.data, Buffer.alloc(4), Buffer.from('typed\r\x03'));
    case 5:
      return random.percent(20) ? frame(random.pick(types), mutatedBytes(random, tars)) : frame(frameTypes.ping);
    default:
      return frame(frameTypes.request, Buffer.from(requestText(random)));
  }
}

/** Half of them as they should be: an agent that has ended over the first one is not tested by the next. */
function requestText(random: Random): string {
  return random.percent(50) ? JSON.stringify(random.pick(requests)) : mutatedJson(random, requests);
}

function frame(type: FrameType, ...parts: readonly Buffer[]): Buffer {
  // Who takes the lease in another name locks this test out; what that does is tested elsewhere.
  const taken = type === frameTypes.sync || type === frameTypes.release ? frameTypes.ping : type;
  return encodeFrame(taken, Buffer.concat(parts).subarray(0, mostBytes));
}

function numberOf(random: Random): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(random.pick(numbers));
  return bytes;
}
