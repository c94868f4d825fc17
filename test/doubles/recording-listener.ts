/** Keeps what an AgentConnection tells. */
import type { AgentListener } from '../../src/agent/agent-connection.js';
import type { ReplExit } from '../../src/agent/message.js';

export class RecordingListener implements AgentListener {
  readonly output: { offset: number; data: Buffer }[] = [];
  readonly exits: { exit: ReplExit; offset: number }[] = [];
  readonly closed: string[] = [];
  inputCredit = 0;
  ready = 0;

  get text(): string {
    return Buffer.concat(this.output.map(({ data }) => data)).toString();
  }

  onOutput(offset: number, data: Buffer): void {
    this.output.push({ offset, data: Buffer.from(data) });
  }

  onInputCredit(bytes: number): void {
    this.inputCredit += bytes;
  }

  onExit(exit: ReplExit, offset: number): void {
    this.exits.push({ exit, offset });
  }

  onReady(): void {
    this.ready += 1;
  }

  onClosed(reason: string): void {
    this.closed.push(reason);
  }
}
