/** A runner's end of the agent protocol that sends whatever it likes to a real agent, and reads what comes back as one must. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { encodeFrame, FrameDecoder, frameTypes, noops, payloadOf } from '../../src/agent/frame.js';
import { responseSchema } from '../../src/agent/message.js';
import { AgentProcess } from '../doubles/agent-process.js';
import { within } from '../doubles/within.js';
import { patienceMs } from '../support/patience.js';
import { Find, must } from './fuzz-target.js';

const malformed = 70;
/** Of its own requests; those of inputs are smaller. */
const firstOwnId = 1_000_000;

export class HostileRunner {
  /** A REPL that costs nothing. */
  readonly agent = new AgentProcess({ hook: false, repl: ['cat'] });
  readonly #decoder = new FrameDecoder();
  readonly #answers = new Map<number, () => void>();
  #pongs: (() => void)[] = [];
  #lastId = firstOwnId;
  /** What the agent has said that no agent may. */
  #broken: unknown = null;

  constructor() {
    this.agent.stream.on('data', (chunk: Buffer) => {
      try {
        for (const { type, pieces } of this.#decoder.push(chunk)) this.#take(type, payloadOf({ type, pieces }));
      } catch (error) {
        this.#broken ??= error;
      }
    });
  }

  /** Takes the lease, which ends what was under way. */
  async sync(): Promise<void> {
    const nonce = randomBytes(16);
    this.#decoder.seek(nonce);
    this.send(noops);
    this.send(encodeFrame(frameTypes.sync, nonce, Buffer.from('{"replica":"a","resume_grace_seconds":60}')));
    await this.heard();
  }

  send(bytes: Buffer): void {
    this.agent.stream.write(bytes);
  }

  /** Resolves when the agent has read all that was sent; `flush` ends a frame that was cut short. */
  async heard(flush = false): Promise<void> {
    if (flush) this.send(noops);
    await new Promise<void>((resolve) => {
      this.#pongs.push(resolve);
      this.send(encodeFrame(frameTypes.ping));
    });
  }

  /** True when the agent goes on; false when it has ended with a protocol error. Throws where it does neither. */
  async survived(flush: boolean): Promise<boolean> {
    const going = Promise.race([this.heard(flush).then(() => true), this.agent.ended.then(() => false)]);
    const goesOn = await within('answer or end', going, patienceMs);
    if (this.#broken !== null) throw new Find('the agent has said what none may', { cause: this.#broken });
    if (goesOn) return true;
    const code = await this.agent.ended;
    must(
      code === malformed && this.agent.stderr.startsWith('protocol error: '),
      () => `it ended with ${String(code)}: ${this.agent.stderr}`,
    );
    return false;
  }

  async request(op: string, fields: object = {}): Promise<void> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<void>((resolve) => this.#answers.set(id, resolve));
    this.send(encodeFrame(frameTypes.request, Buffer.from(JSON.stringify({ id, op, ...fields }))));
    await within(`answer to ${op}`, answer, patienceMs);
  }

  /** What the kernel says of the agent; null where this user may not know. */
  figures(): { descriptors: number; residentBytes: number; ticks: number } | null {
    const { pid } = this.agent;
    if (pid === null || process.getuid?.() !== 0) return null;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [user = 0, system = 0] = fields.slice(11, 13);
    return {
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      residentBytes: (fields[21] ?? 0) * 4096,
      ticks: user + system,
    };
  }

  async end(): Promise<void> {
    await this.agent.destroy();
  }

  #take(type: number, payload: Buffer): void {
    if (type === frameTypes.pong) this.#pongs.shift()?.();
    if (type === frameTypes.event) JSON.parse(payload.toString());
    if (type !== frameTypes.response) return;
    const parsed: unknown = JSON.parse(payload.toString());
    const { data } = responseSchema.safeParse(parsed);
    if (data === undefined) return; // an id of the input's own
    this.#answers.get(data.id)?.();
    this.#answers.delete(data.id);
  }
}
