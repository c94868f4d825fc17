/**
 * One websocket on a terminal: a cursor over the log. It sends no faster than its socket takes, so that a slow one holds
 * only itself; what it missed by then it is told. It decides nothing about the program's flow.
 */
import type { ReplExit } from '../agent/message.js';
import type { OutputLog } from './output-log.js';
import type { CloseReason, ServerMessage } from './protocol.js';
import { cutBytes, withoutQueries } from './replay.js';

/** Bytes that a socket may have waiting before its attachment stops feeding it. */
const socketHighWaterBytes = 256 * 1024;
const pieceBytes = 64 * 1024;

/** The part of a websocket that an attachment needs; `terminal/upgrade` gives the real one. */
export interface AttachmentSocket {
  readonly bufferedBytes: number;
  send(data: Buffer): void;
  sendControl(message: ServerMessage): void;
  /** Sends what is queued, then closes. */
  close(reason: CloseReason, details: Readonly<Record<string, unknown>>): void;
}

export interface AttachmentOptions {
  readonly role: 'owner' | 'viewer';
  /** True for the subprotocol repl.v1, false for raw bytes. */
  readonly controlled: boolean;
  /** Where the client left off, when it did so in this epoch. */
  readonly resume: number | null;
}

export class Attachment {
  readonly role: 'owner' | 'viewer';
  readonly controlled: boolean;
  readonly #socket: AttachmentSocket;
  readonly #log: OutputLog;
  #cursor: number;
  #acknowledged: number;
  #replayEnd: number | null;
  #exit: { exit: ReplExit; offset: number } | null = null;
  #exitTold = false;
  /** Told when the cursor had to jump, so that the screen should be drawn anew. */
  onReset: () => void = () => undefined;

  constructor(socket: AttachmentSocket, log: OutputLog, options: AttachmentOptions) {
    this.#socket = socket;
    this.#log = log;
    this.role = options.role;
    this.controlled = options.controlled;
    const { resume } = options;
    const exact = resume !== null && resume >= log.start && resume <= log.end;
    this.#cursor = exact ? resume : log.start;
    this.#acknowledged = this.#cursor;
    this.#replayEnd = log.end;
  }

  /** Offset after the last byte that was given to the socket. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Offset up to which the person's side has taken the output. */
  get acknowledged(): number {
    return this.controlled ? this.#acknowledged : Math.max(0, this.#cursor - this.#socket.bufferedBytes);
  }

  /** Says hello and sends what the log keeps from the cursor on. */
  begin(hello: { epoch: string; cols: number; rows: number }, resume: number | null): void {
    if (this.controlled) {
      this.tell({ type: 'hello', ...hello, offset: this.#cursor, role: this.role });
      if (resume !== null && resume !== this.#cursor) this.#reset();
      this.pump();
      return;
    }
    const kept = this.#log.read(this.#cursor, this.#log.end - this.#cursor);
    const shown = withoutQueries(this.#cursor > 0 ? kept.subarray(cutBytes(kept)) : kept);
    this.#cursor = this.#log.end;
    this.#replayEnd = null;
    if (shown.length > 0) this.#socket.send(shown);
  }

  tell(message: ServerMessage): void {
    if (this.controlled) this.#socket.sendControl(message);
  }

  /** The client has parsed everything before this offset; false where it cannot have. */
  acknowledge(offset: number): boolean {
    if (offset > this.#cursor) return false;
    this.#acknowledged = Math.max(this.#acknowledged, offset);
    return true;
  }

  /** The log has grown by `data`, which starts at `offset`; the agent has gathered what a flood prints in small pieces. */
  onOutput(offset: number, data: Buffer): void {
    if (offset === this.#cursor && this.#socket.bufferedBytes < socketHighWaterBytes) {
      this.#cursor += data.length;
      this.#socket.send(data);
      this.#afterPump();
    } else {
      this.pump();
    }
  }

  /** Sends from the cursor on, as far as the socket takes it. */
  pump(): void {
    while (this.#cursor < this.#log.end && this.#socket.bufferedBytes < socketHighWaterBytes) {
      if (this.#cursor < this.#log.start) this.#reset();
      const until = this.#replayEnd !== null && this.#replayEnd > this.#cursor ? this.#replayEnd : this.#log.end;
      const data = this.#log.read(this.#cursor, Math.min(pieceBytes, until - this.#cursor));
      this.#cursor += data.length;
      this.#socket.send(data);
      this.#tellReplayed();
    }
    this.#afterPump();
  }

  /** The REPL has ended; told once everything before `offset` is on its way. */
  onExit(exit: ReplExit, offset: number): void {
    this.#exit = { exit, offset };
    this.#exitTold = false;
    this.pump();
  }

  onRestarted(offset: number): void {
    this.#exit = null;
    this.tell({ type: 'restarted', offset });
  }

  close(reason: CloseReason, details: Readonly<Record<string, unknown>> = {}): void {
    this.#socket.close(reason, details);
  }

  #reset(): void {
    this.#cursor = Math.max(this.#cursor, this.#log.start);
    this.#acknowledged = Math.max(this.#acknowledged, this.#cursor);
    if (this.controlled) this.tell({ type: 'reset', offset: this.#cursor });
    else this.#socket.send(Buffer.from('\x1bc'));
    this.onReset();
  }

  #tellReplayed(): void {
    if (this.#replayEnd === null || this.#cursor < this.#replayEnd) return;
    this.#replayEnd = null;
    this.tell({ type: 'replayed', offset: this.#cursor });
  }

  #afterPump(): void {
    this.#tellReplayed();
    if (this.#exit === null || this.#exitTold || this.#cursor < this.#exit.offset) return;
    this.#exitTold = true;
    const { outcome, exit_code, signal } = this.#exit.exit;
    if (this.controlled) this.tell({ type: 'exit', outcome, exit_code, signal });
    else this.close('exited', { outcome, exit_code, signal });
  }
}
