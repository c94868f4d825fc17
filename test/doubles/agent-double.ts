/**
 * The agent's end of the protocol in memory: keeps the frames that the runner sends, answers SYNC and requests as it is
 * told to, and sends whatever a test wants, well-formed or not.
 */
import type { Duplex } from 'node:stream';
import { encodeFrame, frameTypes, type FrameType } from '../../src/agent/frame.js';
import type { AgentState } from '../../src/agent/message.js';

export interface RunnerFrame {
  readonly type: number;
  readonly payload: Buffer;
}

export interface RunnerRequest {
  readonly id: number;
  readonly op: string;
  readonly [field: string]: unknown;
}

/** What a request is answered with; null leaves it without an answer, `error` refuses it. */
export type Answer = (request: RunnerRequest) => object | null;

export const waitingState: AgentState = {
  epoch: '00000000-0000-4000-8000-000000000000',
  state: 'waiting',
  ready: true,
  start: 0,
  end: 0,
  cols: 80,
  rows: 24,
  acknowledged: null,
  exit: null,
  egress: null,
};

const answers: Readonly<Record<string, Answer>> = {
  start: () => ({ files: 0, bytes: 0 }),
  restart: () => ({ files: 0, bytes: 0, offset: 0 }),
  unpack: () => ({ files: 0, bytes: 0 }),
  interrupt: () => ({ interrupted: true }),
  usage: () => ({
    memory_bytes: null,
    memory_peak_bytes: null,
    memory_limit_bytes: null,
    cpu_nanos: 0,
    processes: 1,
    disk_bytes: 0,
    oom_kills: null,
    fork_refusals: null,
  }),
};

export class AgentDouble {
  readonly frames: RunnerFrame[] = [];
  /** By the request's op; what is not here is answered with nothing but its id. */
  readonly answers: Record<string, Answer> = { ...answers };
  state: AgentState = waitingState;
  /** Null leaves SYNC unanswered; a string denies it in that replica's name. */
  denies: string | null = null;
  answersSync = true;
  readonly #stream: Duplex;
  #pending = Buffer.alloc(0);

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
  }

  get requests(): RunnerRequest[] {
    return this.payloads(frameTypes.request).map((payload) => JSON.parse(payload.toString()) as RunnerRequest);
  }

  /** The payloads of the frames of one type so far. */
  payloads(type: FrameType): Buffer[] {
    return this.frames.filter((frame) => frame.type === type).map(({ payload }) => payload);
  }

  sendRaw(data: Buffer): void {
    this.#stream.write(data);
  }

  send(type: FrameType, ...parts: Buffer[]): void {
    this.sendRaw(encodeFrame(type, ...parts));
  }

  sendJson(type: FrameType, message: object): void {
    this.send(type, Buffer.from(JSON.stringify(message)));
  }

  output(offset: number, data: Buffer): void {
    const head = Buffer.alloc(8);
    head.writeBigUInt64BE(BigInt(offset));
    this.send(frameTypes.output, head, data);
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** The stream ends as it does when the sandbox is gone. */
  die(): void {
    this.#stream.destroy();
  }

  #take(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    for (;;) {
      while (this.#pending[0] === frameTypes.noop) this.#pending = this.#pending.subarray(1);
      if (this.#pending.length < 9) return;
      const end = 5 + this.#pending.readUInt32BE(1);
      if (this.#pending.length < end + 4) return;
      const frame = { type: this.#pending.readUInt8(0), payload: this.#pending.subarray(5, end) };
      this.#pending = this.#pending.subarray(end + 4);
      this.frames.push(frame);
      this.#answer(frame);
    }
  }

  #answer({ type, payload }: RunnerFrame): void {
    if (type === frameTypes.sync && this.answersSync) {
      const nonce = payload.subarray(0, 16);
      const denied = this.denies !== null;
      const words = denied ? { holder: this.denies } : this.state;
      this.send(denied ? frameTypes.denied : frameTypes.synced, nonce, Buffer.from(JSON.stringify(words)));
    }
    if (type === frameTypes.ping) this.send(frameTypes.pong);
    if (type !== frameTypes.request) return;
    const request = JSON.parse(payload.toString()) as RunnerRequest;
    const fields = (this.answers[request.op] ?? (() => ({})))(request);
    if (fields !== null) this.sendJson(frameTypes.response, { id: request.id, ...fields });
  }
}
