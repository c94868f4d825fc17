/**
 * The runner's end of the agent protocol over one duplex byte stream: requests and their answers, the terminal's output
 * and input, channels. It treats every byte as hostile: what is no frame, answers nothing that was asked or exceeds what was
 * allowed closes this connection, and only this one. It keeps no terminal log and makes no policy.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { RunnerError } from '../errors.js';
import { beatPlaces, nextBeat } from './beat.js';
import { ChannelDuplex } from './channel-duplex.js';
import { Channels, dataFrame, maxDataBytes, terminalChannel } from './channels.js';
import {
  encodeFrame,
  FrameDecoder,
  FrameError,
  frameTypes,
  maxPayloadBytes,
  noops,
  payloadOf,
  type Frame,
} from './frame.js';
import { GatheredOutput } from './gathered-output.js';
import {
  deniedSchema,
  eventSchema,
  responseSchema,
  syncedSchema,
  unpackedSchema,
  usageSchema,
  restartedSchema,
  type AgentResponse,
  type AgentState,
  type ReplExit,
  type SpawnResult,
  type Usage,
} from './message.js';
import { PendingRequests } from './pending-requests.js';
import { spawn, type SpawnParameters } from './spawn.js';

/** How often a runner speaks to each agent; the agent's lease lasts 8 s. */
export const pingIntervalMs = 3_000;
const ping = encodeFrame(frameTypes.ping);
/** Bytes of terminal input that may be on their way; the agent grants more as the PTY takes them. */
export const inputWindowBytes = 64 * 1024;
const requestTimeoutMs = 15_000;
const uploadTimeoutMs = 60_000;
/** The agent keeps no more of a request that comes in parts. */
const maxRequestBytes = 1024 * 1024;
/** An output frame begins with the offset of its first byte. */
const offsetBytes = 8;
/** Every offset is below this; the agent reads it as "no limit". */
export const unlimited = 0xffff_ffff_ffff_ffffn;

/** What took a connection away without anybody's decision on this side: its stream broke, or another runner has the agent. */
export type Loss = 'stream' | 'lease';

export interface AgentListener {
  /** Terminal bytes; `offset` is that of the first one and jumps forward where the agent's log has dropped some. */
  onOutput(offset: number, data: Buffer): void;
  /** The terminal takes this many more bytes of input. */
  onInputCredit(bytes: number): void;
  onExit(exit: ReplExit, offset: number): void;
  /** The waiting REPL is up. */
  onReady(): void;
  /** Once, at the end of the connection. */
  onClosed(reason: string, loss: Loss | null): void;
}

export interface StartParameters {
  readonly cols: number;
  readonly rows: number;
  readonly env: Readonly<Record<string, string>>;
  readonly startup: string | null;
  /** A normalised tar, or null for no files (start) and for leaving them alone (restart). */
  readonly files: TarContent | null;
}

/** A whole tar, or one that comes in pieces. */
export type TarContent = Buffer | AsyncIterable<Buffer>;

export class AgentConnection {
  readonly #stream: Duplex;
  #listener: AgentListener;
  readonly #decoder = new FrameDecoder();
  readonly #pending = new PendingRequests();
  readonly #channels: Channels;
  readonly #pingPlace = randomInt(beatPlaces);
  #pingTimer: NodeJS.Timeout | null = null;
  #sync: { nonce: Buffer; resolve(state: AgentState): void; reject(error: Error): void } | null = null;
  /** This runner has taken the agent's lease. */
  #held = false;
  #outputCredit = 0;
  readonly #output = new GatheredOutput((offset, data) => {
    this.#listener.onOutput(offset, data);
  });
  /** Who gets the connections of programs in the sandbox to the way out. */
  #takeConnection: ((connection: ChannelDuplex) => void) | null = null;
  #closed = false;

  constructor(stream: Duplex, listener: AgentListener) {
    this.#stream = stream;
    this.#listener = listener;
    this.#channels = new Channels(stream);
    stream.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
    stream.on('error', (error) => {
      this.#end(`the stream failed: ${error.message}`, 'stream');
    });
    stream.on('close', () => {
      this.#end('the stream was closed', 'stream');
    });
    stream.on('end', () => {
      this.#end('the stream has ended', 'stream');
    });
  }

  /** Who hears of this agent from now on: the pool while it waits, then its session. */
  listen(listener: AgentListener): void {
    this.#listener = listener;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Takes the agent's lease for this replica. `fresh` says that no runner has ever written to this stream, so that no
   * half frame needs flushing. Rejects with RunnerError `sandbox_failed` when another replica holds the lease
   * (`context.holder`), on a timeout, or when the stream closes.
   */
  async sync(options: {
    replica: string;
    resumeGraceSeconds: number;
    fresh: boolean;
    timeoutMs: number;
  }): Promise<AgentState> {
    const nonce = randomBytes(16);
    this.#decoder.seek(nonce);
    const answer = new Promise<AgentState>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new RunnerError('sandbox_failed', 'The agent did not answer in time.'));
      }, options.timeoutMs);
      const settle = (): void => {
        clearTimeout(timer);
        this.#sync = null;
      };
      this.#sync = {
        nonce,
        resolve: (state) => {
          settle();
          resolve(state);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
    });
    if (this.#closed) this.#sync?.reject(this.#closedError('it was closed before'));
    if (!options.fresh) this.#write(noops);
    const greeting = { replica: options.replica, resume_grace_seconds: options.resumeGraceSeconds };
    this.#write(encodeFrame(frameTypes.sync, nonce, Buffer.from(JSON.stringify(greeting))));
    const state = await answer;
    if (this.#pingTimer === null) this.#pingAfter(performance.now());
    return state;
  }

  #pingAfter(moment: number): void {
    if (this.#closed) return;
    const due = nextBeat(pingIntervalMs, this.#pingPlace, moment);
    this.#pingTimer = setTimeout(() => {
      this.#write(ping);
      // Timers come late, or a little early.
      this.#pingAfter(Math.max(due, performance.now()));
    }, due - performance.now()).unref();
  }

  /** Gives the lease up, so that any replica may take it at once. Resolves when the word is on its way. */
  async release(): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      this.#stream.write(encodeFrame(frameTypes.release), () => {
        resolve();
      });
    });
  }

  /** Lets a waiting REPL go with files, environment and size; resolves when it runs. */
  async start(parameters: StartParameters): Promise<{ files: number; bytes: number }> {
    return unpackedSchema.parse(await this.requestWithFiles('start', parameters));
  }

  /** A fresh REPL; resolves with the log offset at which its output starts. */
  async restart(parameters: StartParameters): Promise<{ offset: number }> {
    return restartedSchema.parse(await this.requestWithFiles('restart', parameters));
  }

  async resize(cols: number, rows: number): Promise<void> {
    await this.request('resize', { cols, rows });
  }

  async signal(name: string): Promise<void> {
    await this.request('signal', { name });
  }

  /** Interrupts past queued input where the terminal's mode makes 0x03 an interrupt; false where it does not. */
  async interrupt(): Promise<boolean> {
    return z.object({ interrupted: z.boolean() }).parse(await this.request('interrupt', {})).interrupted;
  }

  async usage(): Promise<Usage> {
    return usageSchema.parse(await this.request('usage', {}));
  }

  /** Ends every process of the user. */
  async killAll(): Promise<void> {
    await this.request('kill_all', {});
  }

  /** Runs a program on pipes to its end. Aborting kills it. */
  spawn(parameters: SpawnParameters, signal: AbortSignal): Promise<SpawnResult> {
    return spawn(this, parameters, signal);
  }

  /**
   * Any request of the protocol; the caller checks what the answer holds. Rejects with AgentRefusal, or with RunnerError
   * `sandbox_failed` when the connection ends; an agent that does not answer in time is closed. Null waits without a bound.
   */
  request(op: string, fields: object, timeoutMs: number | null = requestTimeoutMs): Promise<AgentResponse> {
    return this.#send(this.#pending.nextId(), op, fields, timeoutMs);
  }

  /** A request with a tar on its way in, on a channel of its own. Rejects as `request` does, or as the content does. */
  async requestWithFiles(op: string, parameters: { files: TarContent | null }): Promise<AgentResponse> {
    const { files } = parameters;
    if (files === null) return this.request(op, parameters);
    const channel = this.#channels.next();
    this.#stream.cork();
    process.nextTick(() => {
      this.#stream.uncork();
    });
    const answer = this.request(op, { ...parameters, files: channel }, uploadTimeoutMs);
    const uploaded = this.#channels.upload(channel, files);
    const [result] = await Promise.all([answer, uploaded]);
    return result;
  }

  /** Whom the connections that programs in the sandbox make outwards are given to; until then each is ended at once. */
  acceptConnections(take: (connection: ChannelDuplex) => void): void {
    this.#takeConnection = take;
  }

  /** The byte streams that go with requests. */
  get channels(): Channels {
    return this.#channels;
  }

  /** Terminal input; the caller keeps within the credit that `onInputCredit` gives. */
  writeInput(data: Buffer): void {
    for (let at = 0; at < data.length; at += maxDataBytes) {
      const piece = data.subarray(at, at + maxDataBytes);
      this.#write(dataFrame(terminalChannel, piece));
    }
  }

  /** The log offset up to which the agent may read the PTY, and how many more bytes of the log it may send. */
  setFlow(readLimit: bigint, moreOutputBytes: number): void {
    const payload = Buffer.allocUnsafe(16);
    payload.writeBigUInt64BE(readLimit, 0);
    payload.writeBigUInt64BE(BigInt(moreOutputBytes), 8);
    this.#outputCredit += moreOutputBytes;
    this.#write(encodeFrame(frameTypes.flow, payload));
  }

  close(reason: string): void {
    this.#end(reason, null);
  }

  #end(reason: string, loss: Loss | null): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#pingTimer !== null) clearTimeout(this.#pingTimer);
    const error = this.#closedError(reason);
    this.#sync?.reject(error);
    this.#pending.rejectAll(error);
    this.#channels.clear(error);
    this.#stream.destroy();
    this.#listener.onClosed(reason, loss);
  }

  #closedError(reason: string): RunnerError {
    return new RunnerError('sandbox_failed', `The sandbox is gone: ${reason}.`);
  }

  #write(frame: Buffer): void {
    if (!this.#closed) this.#stream.write(frame);
  }

  #send(id: number, op: string, fields: object, timeoutMs: number | null): Promise<AgentResponse> {
    if (this.#closed) return Promise.reject(this.#closedError('it was closed before'));
    const frames = requestFrames(Buffer.from(JSON.stringify({ ...fields, id, op })));
    const answer = this.#pending.answerTo(id, timeoutMs, () => {
      this.close(`no answer to ${op} within ${String(timeoutMs)} ms`);
    });
    for (const frame of frames) this.#write(frame);
    return answer;
  }

  #receive(chunk: Buffer): void {
    if (this.#closed) return;
    try {
      for (const frame of this.#decoder.push(chunk)) {
        this.#dispatch(frame);
        if (this.closed) return;
      }
      this.#output.flush();
    } catch (error) {
      this.close(`a protocol error: ${error instanceof Error ? error.message : 'unknown'}`);
    }
  }

  #dispatch(frame: Frame): void {
    if (frame.type === frameTypes.output) {
      this.#onOutput(frame);
      return;
    }
    this.#output.flush();
    this.#onMessage(frame.type, payloadOf(frame));
  }

  #onMessage(type: number, payload: Buffer): void {
    switch (type) {
      case frameTypes.data:
      case frameTypes.end:
        this.#channels.receive(type, payload);
        break;
      case frameTypes.credit:
        this.#onCredit(payload.readUInt32BE(0), payload.readUInt32BE(4));
        break;
      case frameTypes.response:
        this.#onResponse(payload);
        break;
      case frameTypes.event:
        this.#onEvent(payload);
        break;
      case frameTypes.synced:
      case frameTypes.denied:
        this.#onSyncAnswer(type, payload);
        break;
      default: // pong, unheld: hearing them is all there is to them
    }
  }

  #onOutput(frame: Frame): void {
    const split = (frame.pieces[0]?.length ?? 0) < offsetBytes;
    const [first = Buffer.alloc(0), ...rest] = split ? [payloadOf(frame)] : frame.pieces;
    const offset = Number(first.readBigUInt64BE(0));
    const length = first.length - offsetBytes + rest.reduce((sum, piece) => sum + piece.length, 0);
    this.#outputCredit -= length;
    if (length === 0 || this.#outputCredit < 0 || !Number.isSafeInteger(offset)) {
      throw new FrameError('output beyond what was allowed');
    }
    this.#output.add(offset, [first.subarray(offsetBytes), ...rest]);
  }

  #onCredit(channel: number, bytes: number): void {
    if (channel === terminalChannel) this.#listener.onInputCredit(bytes);
    else this.#channels.grant(channel, bytes);
  }

  #onResponse(payload: Buffer): void {
    this.#pending.settle(responseSchema.parse(JSON.parse(payload.toString())));
  }

  #onEvent(payload: Buffer): void {
    const event = eventSchema.parse(JSON.parse(payload.toString()));
    if (event.event === 'ready') this.#listener.onReady();
    else if (event.event === 'connect') this.#onConnect(event.channel);
    else
      this.#listener.onExit({ outcome: event.outcome, exit_code: event.exit_code, signal: event.signal }, event.offset);
  }

  #onConnect(channel: number): void {
    if (this.#takeConnection === null) this.#channels.refuse(channel);
    else this.#takeConnection(new ChannelDuplex(this.#channels, channel));
  }

  #onSyncAnswer(type: number, payload: Buffer): void {
    const sync = this.#sync;
    if (sync === null || !payload.subarray(0, 16).equals(sync.nonce)) {
      if (type === frameTypes.synced && this.#held) this.#onTaken(payload);
      return;
    }
    const message: unknown = JSON.parse(payload.subarray(16).toString());
    if (type === frameTypes.synced) {
      const state = syncedSchema.parse(message);
      this.#held = true;
      sync.resolve(state);
    } else {
      const holder = deniedSchema.parse(message).holder ?? 'another replica';
      sync.reject(new RunnerError('sandbox_failed', `The sandbox is held by ${holder}.`, { context: { holder } }));
    }
  }

  /** Another runner has taken the lease while this one was silent: all that follows is for that one. */
  #onTaken(payload: Buffer): void {
    syncedSchema.parse(JSON.parse(payload.subarray(16).toString()));
    this.#end('another runner has taken its lease', 'lease');
  }
}

/** A request that no single frame holds goes in parts before its last frame. Throws RangeError beyond the agent's bound. */
function requestFrames(request: Buffer): Buffer[] {
  if (request.length > maxRequestBytes) throw new RangeError(`a request has at most ${maxRequestBytes} bytes`);
  const parts: Buffer[] = [];
  let at = 0;
  for (; request.length - at > maxPayloadBytes; at += maxPayloadBytes) {
    parts.push(encodeFrame(frameTypes.requestPart, request.subarray(at, at + maxPayloadBytes)));
  }
  return [...parts, encodeFrame(frameTypes.request, request.subarray(at))];
}
