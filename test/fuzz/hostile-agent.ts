/** Makes an AgentDouble hostile: it answers requests with what is nearly right, and speaks unasked. */
import { encodeFrame, frameTypes } from '../../src/agent/frame.js';
import { spawnAnswer } from '../doubles/spawn-answer.js';
import type { AgentDouble, RunnerRequest } from '../doubles/agent-double.js';
import type { Random } from '../support/random.js';
import { mutatedBytes } from './mutate-bytes.js';
import { mutatedJson } from './mutate-json.js';

const lines = [
  '{"path":"a","type":"file","size":1,"executable":false,"modified":1.5}\n',
  '{"path":"l","type":"symlink","size":0,"executable":true,"modified":-1e300,"target":"a"}\n',
];
/** What an agent answers, by the request, and on its channels before. */
const answers: Readonly<Record<string, { fields: object; data: readonly string[] }>> = {
  start: { fields: { files: 0, bytes: 0 }, data: [] },
  restart: { fields: { files: 0, bytes: 0, offset: 0 }, data: [] },
  unpack: { fields: { files: 1, bytes: 1 }, data: [] },
  interrupt: { fields: { interrupted: true }, data: [] },
  list: { fields: { truncated: false }, data: lines },
  read: { fields: { size: 4, executable: false, modified: 1.5 }, data: ['x = ', '1'] },
  write: { fields: { created: true, bytes: 6 }, data: [] },
  pack: {
    fields: { files: 1, bytes: 1, left_out: [{ path: 'a', reason: 'socket' }], left_out_count: 1 },
    data: ['tar'],
  },
  spawn: {
    fields: spawnAnswer({ files: { created: ['a'], changed: [], deleted: [], truncated: false } }),
    data: ['said', '\xff'],
  },
};
const errors = [
  'busy',
  'disk_full',
  'file_kind',
  'state',
  'no_process',
  'not_found',
  'start_failed',
  'cancelled',
  '__proto__',
];
/** Of a frame, with room for what stands before it. */
const mostBytes = 65_000;
const firstOwnChannel = 0x8000_0000;
const events = [
  { event: 'ready' },
  { event: 'exit', offset: 0, outcome: 'ok', exit_code: 0, signal: null },
  { event: 'exit', offset: 9, outcome: 'signal', exit_code: null, signal: 'SIGKILL' },
  { event: 'connect', channel: firstOwnChannel + 1 },
];
const proxied = ['CONNECT pypi.example:443 HTTP/1.1\r\n\r\n', 'GET http://index/ HTTP/1.1\r\nHost: index\r\n\r\n'].map(
  (text) => Buffer.from(text),
);

export class HostileAgent {
  /** What frames look like, to be damaged. */
  readonly frames: readonly Buffer[] = [
    encodeFrame(frameTypes.output, Buffer.alloc(8), Buffer.from('said')),
    encodeFrame(frameTypes.response, Buffer.from('{"id":1}')),
    encodeFrame(frameTypes.event, Buffer.from(JSON.stringify(events[0]))),
    encodeFrame(frameTypes.credit, Buffer.alloc(8, 1)),
    encodeFrame(frameTypes.synced, Buffer.alloc(16), Buffer.from('{}')),
  ];
  readonly #agent: AgentDouble;
  readonly #random: Random;

  constructor(agent: AgentDouble, random: Random) {
    this.#agent = agent;
    this.#random = random;
    for (const op of [
      ...Object.keys(answers),
      'resize',
      'signal',
      'rename',
      'remove',
      'cancel',
      'kill',
      'usage',
      'egress',
    ]) {
      agent.answers[op] = (request) => this.#answer(request);
    }
  }

  /** Answers these requests as it should from now on. */
  obedient(op: string): void {
    this.#agent.answers[op] = () => answers[op]?.fields ?? {};
    this.#agent.answers.egress = () => ({});
  }

  /** Something that nobody has asked for. */
  speak(): void {
    const random = this.#random;
    switch (random.below(5)) {
      case 0: {
        const offset = Buffer.alloc(8);
        offset.writeBigUInt64BE(BigInt(random.pick([0, 1, 4, 1000, 2 ** 40, Number.MAX_SAFE_INTEGER])));
        const size = random.pick([0, 1, 4, 60_000]);
        this.#agent.send(frameTypes.output, offset, Buffer.alloc(size, 'o'));
        break;
      }
      case 1:
        this.#agent.send(frameTypes.event, this.#text(events));
        break;
      case 2:
        this.#agent.send(frameTypes.credit, this.#channel(), this.#number());
        break;
      case 3:
        this.#agent.send(
          random.pick([frameTypes.data, frameTypes.end]),
          this.#channel(),
          mutatedBytes(random, proxied).subarray(0, mostBytes),
        );
        break;
      default:
        this.#agent.sendJson(frameTypes.event, { event: 'connect', channel: firstOwnChannel + random.below(3) });
        this.#agent.send(frameTypes.data, this.#own(), mutatedBytes(random, proxied).subarray(0, mostBytes));
    }
  }

  #answer(request: RunnerRequest): null {
    const random = this.#random;
    const { fields, data } = answers[request.op] ?? { fields: {}, data: [] };
    for (const channel of channelsOf(request)) this.#send(channel, data);
    if (random.percent(10)) this.speak();
    if (random.percent(5)) return null;
    const { id } = request;
    const refusal = { id, error: { code: random.pick(errors), message: 'it says why' } };
    const whole = { id, ...fields };
    if (random.percent(10)) this.#agent.sendJson(frameTypes.response, refusal);
    else if (random.percent(40)) this.#agent.sendJson(frameTypes.response, whole);
    else this.#agent.send(frameTypes.response, this.#text([whole, whole, refusal]));
    if (random.percent(5)) this.#agent.sendJson(frameTypes.response, whole);
    return null;
  }

  #send(channel: number, data: readonly string[]): void {
    const random = this.#random;
    const number = Buffer.alloc(4);
    number.writeUInt32BE(channel);
    for (const piece of data) {
      const bytes = Buffer.from(piece, 'latin1');
      const sent = random.percent(60) ? bytes : mutatedBytes(random, [bytes, Buffer.alloc(60_000, 'x')]);
      this.#agent.send(frameTypes.data, number, sent.subarray(0, mostBytes));
    }
    if (random.percent(90)) this.#agent.send(frameTypes.end, number);
  }

  #text(corpus: readonly object[]): Buffer {
    return Buffer.from(mutatedJson(this.#random, corpus)).subarray(0, mostBytes);
  }

  #channel(): Buffer {
    return this.#random.percent(30) ? this.#own() : this.#number();
  }

  #own(): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(firstOwnChannel + this.#random.below(3));
    return bytes;
  }

  #number(): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.#random.pick([0, 1, 2, 3, 100, 0x7fff_ffff, 0xffff_ffff]));
    return bytes;
  }
}

/** Those on which the agent is to send. */
function channelsOf(request: RunnerRequest): number[] {
  if (typeof request.channel === 'number' && request.op !== 'write') return [request.channel];
  const named = request.channels as { stdout: number; stderr: number } | undefined;
  return named === undefined ? [] : [named.stdout, named.stderr];
}
