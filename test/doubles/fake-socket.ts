/** The socket of an attachment: keeps what it is given, and takes as much of it as a test says. */
import type { AttachmentSocket } from '../../src/terminal/attachment.js';
import type { CloseReason, ServerMessage } from '../../src/terminal/protocol.js';

export class FakeSocket implements AttachmentSocket {
  readonly sent: Buffer[] = [];
  /** Control messages and the number of bytes that were sent before each. */
  readonly told: ServerMessage[] = [];
  readonly toldAfterBytes: number[] = [];
  readonly closed: { reason: CloseReason; details: Readonly<Record<string, unknown>> }[] = [];
  /** True keeps what is sent waiting. */
  stalled = false;
  bufferedBytes = 0;

  get bytes(): Buffer {
    return Buffer.concat(this.sent);
  }

  get text(): string {
    return this.bytes.toString();
  }

  types(): string[] {
    return this.told.map(({ type }) => type);
  }

  send(data: Buffer): void {
    this.sent.push(Buffer.from(data));
    if (this.stalled) this.bufferedBytes += data.length;
  }

  sendControl(message: ServerMessage): void {
    this.told.push(message);
    this.toldAfterBytes.push(this.bytes.length);
  }

  close(reason: CloseReason, details: Readonly<Record<string, unknown>>): void {
    this.closed.push({ reason, details });
  }
}
