/**
 * A session's terminal in the runner: the mirrored log, its attachments, what is typed and the rule of flow.
 * It knows neither websockets nor sandboxes: sockets come in by AttachmentSocket, the agent by TerminalBackend.
 */
import { unlimited } from '../agent/agent-connection.js';
import type { ReplExit } from '../agent/message.js';
import { RunnerError } from '../errors.js';
import { Attachment, type AttachmentOptions, type AttachmentSocket } from './attachment.js';
import { readLimit, sendWindowBytes, worthTelling, type OwnerFlow } from './flow.js';
import { InputQueue, type InputTaker } from './input-queue.js';
import { OutputLog } from './output-log.js';
import type { CloseReason, ServerMessage } from './protocol.js';

/** Without a reader the log is mirrored at this pace, so that a flood that nobody watches costs the runner little. */
const unwatchedRenewalMs = 100;
/**
 * The log of an adopted session is on its way as fast as the agent sends. Who waits for it in vain gives the sandbox up, with
 * all that is in it: a busy host must not come to that.
 */
const mirrorTimeoutMs = 60_000;

/** What a terminal asks of the agent. */
export interface TerminalBackend extends InputTaker {
  setFlow(readLimit: bigint, moreOutputBytes: number): void;
  resize(cols: number, rows: number): Promise<void>;
}

export interface TerminalSettings {
  readonly epoch: string;
  readonly cols: number;
  readonly rows: number;
  /** How long an owner of repl.v1 that left holds the program back. */
  readonly resumeGraceMs: number;
  /** Offset of the first byte that will arrive. */
  readonly offset: number;
}

/** What a session wants to know of its terminal. */
export interface TerminalListener {
  onActivity(): void;
  onOwnerAttached(): void;
  onOwnerDetached(): void;
}

export class Terminal {
  readonly epoch: string;
  readonly #backend: TerminalBackend;
  readonly #listener: TerminalListener;
  readonly #resumeGraceMs: number;
  readonly #log: OutputLog;
  readonly #attachments = new Set<Attachment>();
  #size: { cols: number; rows: number };
  #owner: Attachment | null = null;
  /** Where a repl.v1 owner that left within the grace had got to. */
  #absentAcknowledged: number | null = null;
  #graceTimer: NodeJS.Timeout | null = null;
  #renewalTimer: NodeJS.Timeout | null = null;
  #readLimit = unlimited;
  /** Bytes of output that the agent may still send. */
  #outputCredit = 0;
  readonly #input: InputQueue;
  /** Bytes before this offset may come a second time, and are not taken then. */
  #repeatedUntil = 0;
  #onMirrored: { readonly offset: number; resolve(): void } | null = null;
  #exit: { exit: ReplExit; offset: number } | null = null;
  #closed: { reason: CloseReason; details: Readonly<Record<string, unknown>> } | null = null;

  constructor(backend: TerminalBackend, listener: TerminalListener, settings: TerminalSettings) {
    this.#backend = backend;
    this.#input = new InputQueue(backend);
    this.#listener = listener;
    this.epoch = settings.epoch;
    this.#size = { cols: settings.cols, rows: settings.rows };
    this.#resumeGraceMs = settings.resumeGraceMs;
    this.#log = new OutputLog(settings.offset);
  }

  get log(): Pick<OutputLog, 'start' | 'end'> {
    return this.#log;
  }

  get size(): { readonly cols: number; readonly rows: number } {
    return this.#size;
  }

  get attached(): { owner: boolean; viewers: number } {
    const owner = this.#owner !== null;
    return { owner, viewers: this.#attachments.size - (owner ? 1 : 0) };
  }

  /** Lets the agent send; to be called once the terminal's output may be shown. Its PTY has, or is given, this size. */
  open(size: { readonly cols: number; readonly rows: number }): void {
    this.#size = { cols: size.cols, rows: size.rows };
    this.#renewOutputCredit();
  }

  /** Resolves when everything before this offset is in the log; rejects with RunnerError when it does not come. */
  async mirrored(offset: number): Promise<void> {
    if (this.#log.end >= offset) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, mirrorTimeoutMs).unref();
      this.#onMirrored = {
        offset,
        resolve: () => {
          clearTimeout(timer);
          this.#onMirrored = null;
          resolve();
        },
      };
    });
    if (this.#log.end < offset) throw new RunnerError('sandbox_failed', 'The agent did not send what it has kept.');
  }

  /** The agent cannot be reached for a while: what is typed waits. */
  suspend(): void {
    this.#input.suspend();
    this.#outputCredit = sendWindowBytes;
  }

  /**
   * The agent is there again and sends its log from its start on. What was typed when it went away may be lost, and is not
   * sent a second time.
   */
  resync({ cols, rows }: { readonly cols: number; readonly rows: number }): void {
    this.#repeatedUntil = this.#log.end;
    this.#outputCredit = 0;
    this.#renewOutputCredit();
    this.#input.resume();
    const size = this.#size;
    if (cols !== size.cols || rows !== size.rows)
      void this.#backend.resize(size.cols, size.rows).catch(() => undefined);
  }

  /** A terminal whose owner was attached when an earlier runner went away is held back until it resumes or the grace ends. */
  awaitOwner(acknowledged: number): void {
    this.#absentAcknowledged = acknowledged;
    this.#startGrace();
    this.#govern();
  }

  // --- attachments ---

  attach(socket: AttachmentSocket, options: AttachmentOptions): Attachment {
    const attachment = new Attachment(socket, this.#log, options);
    if (this.#closed !== null) {
      attachment.close(this.#closed.reason, this.#closed.details);
      return attachment;
    }
    attachment.onReset = () => {
      this.#redraw();
    };
    if (options.role === 'owner') this.#takeOver(attachment);
    this.#attachments.add(attachment);
    this.#renewOutputCredit();
    attachment.begin({ epoch: this.epoch, ...this.#size }, options.resume);
    this.#govern();
    if (this.#exit !== null) attachment.onExit(this.#exit.exit, this.#exit.offset);
    return attachment;
  }

  detach(attachment: Attachment): void {
    if (!this.#attachments.delete(attachment) || this.#owner !== attachment) return;
    this.#owner = null;
    if (attachment.controlled && this.#closed === null) {
      this.#absentAcknowledged = attachment.acknowledged;
      this.#startGrace();
    }
    this.#govern();
    this.#listener.onOwnerDetached();
  }

  acknowledge(attachment: Attachment, offset: number): boolean {
    const possible = attachment.acknowledge(offset);
    if (possible && attachment === this.#owner) this.#govern();
    return possible;
  }

  /** The attachment's socket has taken what it was given. */
  onDrained(attachment: Attachment): void {
    if (!this.#attachments.has(attachment)) return;
    attachment.pump();
    if (attachment === this.#owner) this.#govern();
  }

  async resize(cols: number, rows: number): Promise<void> {
    if (cols === this.#size.cols && rows === this.#size.rows) return;
    this.#size = { cols, rows };
    this.tell({ type: 'resized', cols, rows });
    await this.#backend.resize(cols, rows);
  }

  tell(message: ServerMessage): void {
    for (const attachment of this.#attachments) attachment.tell(message);
  }

  /** Ends the terminal: every attachment is closed with this reason. */
  close(reason: CloseReason, details: Readonly<Record<string, unknown>> = {}): void {
    this.#closed = { reason, details };
    this.#onMirrored?.resolve();
    for (const timer of [this.#graceTimer, this.#renewalTimer]) if (timer !== null) clearTimeout(timer);
    for (const attachment of [...this.#attachments]) {
      attachment.pump();
      attachment.close(reason, details);
    }
    this.#attachments.clear();
    this.#owner = null;
    this.#input.clear();
  }

  // --- input ---

  /** Queues typed bytes; false asks the caller to stop until `whenInputDrained` calls back. */
  input(data: Buffer): boolean {
    if (this.#closed !== null || data.length === 0) return true;
    this.#listener.onActivity();
    return this.#input.add(data);
  }

  whenInputDrained(callback: () => void): void {
    this.#input.whenDrained(callback);
  }

  onInputCredit(bytes: number): void {
    this.#input.onCredit(bytes);
  }

  // --- output ---

  onOutput(offset: number, data: Buffer): void {
    if (this.#closed !== null) return;
    const repeated = Math.min(data.length, Math.max(0, this.#repeatedUntil - offset));
    if (repeated < data.length) this.#take(offset + repeated, data.subarray(repeated));
    this.#outputCredit -= data.length;
    if (this.#outputCredit < sendWindowBytes / 2) this.#renewWhenWatched();
  }

  #take(offset: number, data: Buffer): void {
    this.#log.append(offset, data);
    if (this.#onMirrored !== null && this.#log.end >= this.#onMirrored.offset) this.#onMirrored.resolve();
    this.#listener.onActivity();
    for (const attachment of this.#attachments) attachment.onOutput(offset, data);
    if (this.#owner !== null) this.#govern();
  }

  onExit(exit: ReplExit, offset: number): void {
    this.#exit = { exit, offset };
    this.#input.forget();
    for (const attachment of [...this.#attachments]) attachment.onExit(exit, offset);
  }

  onRestarted(offset: number): void {
    this.#exit = null;
    this.#input.forget();
    for (const attachment of this.#attachments) attachment.onRestarted(offset);
  }

  #takeOver(attachment: Attachment): void {
    const previous = this.#owner;
    this.#owner = attachment;
    if (this.#graceTimer !== null) clearTimeout(this.#graceTimer);
    this.#absentAcknowledged = null;
    if (previous !== null) {
      this.#attachments.delete(previous);
      previous.close('taken_over');
    }
    this.#listener.onOwnerAttached();
  }

  #startGrace(): void {
    if (this.#graceTimer !== null) clearTimeout(this.#graceTimer);
    this.#graceTimer = setTimeout(() => {
      this.#absentAcknowledged = null;
      this.#govern();
    }, this.#resumeGraceMs).unref();
  }

  #ownerFlow(): OwnerFlow {
    const acknowledged = this.#owner?.acknowledged ?? this.#absentAcknowledged;
    return acknowledged === null ? { kind: 'none' } : { kind: 'governed', acknowledged };
  }

  #govern(): void {
    const limit = readLimit(this.#ownerFlow());
    if (this.#closed !== null || !worthTelling(this.#readLimit, limit)) return;
    this.#readLimit = limit;
    this.#backend.setFlow(limit, 0);
  }

  #renewWhenWatched(): void {
    if (this.#attachments.size > 0) {
      this.#renewOutputCredit();
      return;
    }
    this.#renewalTimer ??= setTimeout(() => {
      this.#renewOutputCredit();
    }, unwatchedRenewalMs).unref();
  }

  #renewOutputCredit(): void {
    if (this.#renewalTimer !== null) clearTimeout(this.#renewalTimer);
    this.#renewalTimer = null;
    const more = sendWindowBytes - this.#outputCredit;
    if (this.#closed !== null || more < sendWindowBytes / 2) return;
    this.#outputCredit = sendWindowBytes;
    this.#backend.setFlow(this.#readLimit, more);
  }

  /** A program that draws the whole screen does so again when the size changes. */
  #redraw(): void {
    const narrower = Math.max(1, this.#size.cols - 1);
    void this.#backend
      .resize(narrower, this.#size.rows)
      // Another size may have come meanwhile.
      .then(() => this.#backend.resize(this.#size.cols, this.#size.rows))
      .catch(() => undefined);
  }
}
