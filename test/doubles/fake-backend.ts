/** What a terminal asks of the agent, kept; interrupts are answered when a test says so. */
import type { TerminalBackend } from '../../src/terminal/terminal.js';

export class FakeBackend implements TerminalBackend {
  readonly input: Buffer[] = [];
  readonly flow: { limit: bigint; more: number }[] = [];
  readonly sizes: [number, number][] = [];
  readonly interrupts: ((interrupted: boolean) => void)[] = [];

  get typed(): string {
    return Buffer.concat(this.input).toString();
  }

  get limit(): bigint | undefined {
    return this.flow.at(-1)?.limit;
  }

  get credit(): number {
    return this.flow.reduce((sum, { more }) => sum + more, 0);
  }

  writeInput(data: Buffer): void {
    this.input.push(Buffer.from(data));
  }

  setFlow(limit: bigint, more: number): void {
    this.flow.push({ limit, more });
  }

  resize(cols: number, rows: number): Promise<void> {
    this.sizes.push([cols, rows]);
    return Promise.resolve();
  }

  interrupt(): Promise<boolean> {
    return new Promise((resolve) => this.interrupts.push(resolve));
  }
}
