/**
 * A sandbox that is nothing but its agent's end of the protocol, in memory: takes the lease, answers pings and requests, and
 * echoes what is typed. It relies on the runner's writing whole frames, and keeps as little as it can, since thousands of it
 * live in the process that is measured.
 */
import { Duplex } from 'node:stream';
import { encodeFrame, frameTypes, headerBytes, trailerBytes } from '../../../src/agent/frame.js';
import type { AgentState, SpawnResult } from '../../../src/agent/message.js';

const prompt = Buffer.from('>>> ');
const pong = encodeFrame(frameTypes.pong);
const nonceBytes = 16;
const terminalChannel = Buffer.alloc(4);
const state: AgentState = {
  ...{ epoch: '00000000-0000-4000-8000-000000000000', state: 'waiting', ready: true, start: 0, end: 0 },
  ...{ cols: 80, rows: 24, acknowledged: null, exit: null, egress: null },
};
const spawned: SpawnResult = {
  ...{ exit_code: 0, signal: null, ended_by: null, wall_ms: 0, cpu_ms: 0, max_rss_bytes: 0 },
  ...{ cut: [], oom_killed: false, fork_refused: false, disk_full: false, files: null },
};

interface Request {
  readonly id: number;
  readonly op: string;
  readonly channels?: { readonly stdout: number; readonly stderr: number };
}

export class MemoryAgent extends Duplex {
  #outputEnd = 0;

  override _read(): void {
    // what there is to say is pushed at once
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    // Behind the write, as an answer of another process would come.
    process.nextTick(() => {
      for (let at = 0; at < chunk.length && !this.destroyed;) {
        const end = at + headerBytes + chunk.readUInt32BE(at + 1);
        this.#take(chunk.readUInt8(at), chunk.subarray(at + headerBytes, end));
        at = end + trailerBytes;
      }
      done();
    });
  }

  #take(type: number, payload: Buffer): void {
    if (type === frameTypes.ping) this.push(pong);
    else if (type === frameTypes.request) this.#answer(JSON.parse(payload.toString()) as Request);
    else if (type === frameTypes.sync) {
      this.push(encodeFrame(frameTypes.synced, payload.subarray(0, nonceBytes), json(state)));
    } else if (type === frameTypes.data && payload.readUInt32BE(0) === 0) {
      const typed = payload.subarray(4);
      this.push(encodeFrame(frameTypes.credit, terminalChannel, u32(typed.length)));
      this.#print(typed);
    }
  }

  #answer({ id, op, channels }: Request): void {
    // Without walls there is nothing that a program could report of them.
    if (channels !== undefined) {
      this.push(encodeFrame(frameTypes.data, u32(channels.stdout), Buffer.from('{}')));
      for (const channel of [channels.stdout, channels.stderr]) this.push(encodeFrame(frameTypes.end, u32(channel)));
    }
    const fields = channels === undefined ? { files: 0, bytes: 0 } : spawned;
    this.push(encodeFrame(frameTypes.response, json({ id, ...fields })));
    // The runner has given credit for output by the time that this is sent.
    if (op === 'start') {
      setImmediate(() => {
        this.#print(prompt);
      });
    }
  }

  #print(data: Buffer): void {
    if (this.destroyed) return;
    const offset = Buffer.alloc(8);
    offset.writeBigUInt64BE(BigInt(this.#outputEnd));
    this.#outputEnd += data.length;
    this.push(encodeFrame(frameTypes.output, offset, data));
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
