/**
 * Where a client is in a terminal's log: what came, what its consumer took, what was acknowledged, and whether old output
 * is complete. Pure; it sends nothing. Offsets count the bytes that the terminal ever printed.
 */

/** Taken output is acknowledged in steps of this; the runner lets a program run 256 KiB ahead of the last ack. */
const ackStepBytes = 16 * 1024;

export class OutputCursor {
  #epoch: string | null = null;
  #received = 0;
  #taken = 0;
  #acknowledged = 0;
  /** Where the replay ends; null until that is known. What is typed before it was taken could answer something old. */
  #replayEnd: number | null = null;
  #mayType = false;
  /** Counts jumps, so that what was handed out before one is not taken for what came after it. */
  #jumps = 0;

  /** The query that resumes here; empty before the first hello. */
  get query(): string {
    return this.#epoch === null ? '' : `?epoch=${encodeURIComponent(this.#epoch)}&offset=${this.#received}`;
  }

  /** Old output was taken: what is typed now is meant for the program. */
  get mayType(): boolean {
    return this.#mayType;
  }

  /** A connection begins at this offset. True when that is another sandbox's log, so that nothing shown holds any more. */
  greet(epoch: string, offset: number): boolean {
    const other = this.#epoch !== null && this.#epoch !== epoch;
    this.#epoch = epoch;
    if (other || offset !== this.#received) this.jump(offset);
    return other;
  }

  /** Output is missing before this offset. */
  jump(offset: number): void {
    this.#received = offset;
    this.#taken = offset;
    this.#acknowledged = offset;
    this.#jumps += 1;
  }

  /** Counts bytes that came; answers the place to report to `take` when their consumer is done. */
  receive(bytes: number): { readonly until: number; readonly jumps: number } {
    this.#received += bytes;
    return { until: this.#received, jumps: this.#jumps };
  }

  /** The consumer has taken everything up to here. Answers the offset to acknowledge, or null when that can wait. */
  take({ until, jumps }: { readonly until: number; readonly jumps: number }): number | null {
    if (jumps !== this.#jumps) return null;
    this.#taken = Math.max(this.#taken, until);
    if (this.#taken - this.#acknowledged < ackStepBytes) return null;
    this.#acknowledged = this.#taken;
    return this.#taken;
  }

  /** What was kept ends at this offset. */
  replayUntil(offset: number): void {
    this.#replayEnd = offset;
  }

  /** True once for each connection, when its old output was taken. */
  openInput(): boolean {
    if (this.#mayType || this.#replayEnd === null || this.#taken < this.#replayEnd) return false;
    this.#mayType = true;
    return true;
  }

  /** The connection is gone. The next one resumes after what came, which the runner counts as acknowledged. */
  disconnect(): void {
    this.#mayType = false;
    this.#replayEnd = null;
  }
}
