/**
 * What was typed into a terminal and its agent has not taken yet: sent on within the agent's window, in order, but for an
 * interrupt, which overtakes. It bounds nothing by itself: it says when whoever types has to wait.
 */
import { inputWindowBytes } from '../agent/agent-connection.js';

const interruptByte = 0x03;
/** What may wait before whoever types is asked to stop. */
const waitingBytes = inputWindowBytes * 16;

/** Where it goes. */
export interface InputTaker {
  writeInput(data: Buffer): void;
  /** Whether the terminal's mode makes it an interrupt. */
  interrupt(): Promise<boolean>;
}

export class InputQueue {
  readonly #taker: InputTaker;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** How many bytes were ever typed. */
  #end = 0;
  #credit = inputWindowBytes;
  /** Interrupts that the agent has not answered yet: what it drops comes back as credit before it does. */
  #interrupting = 0;
  #onDrained: (() => void)[] = [];

  constructor(taker: InputTaker) {
    this.#taker = taker;
  }

  /** False asks the caller to stop until `whenDrained` calls back. */
  add(data: Buffer): boolean {
    if (this.#bytes > 0 && data.includes(interruptByte)) this.#overtake(data);
    this.#pieces.push(data);
    this.#bytes += data.length;
    this.#end += data.length;
    this.#flush();
    return this.#bytes < waitingBytes;
  }

  whenDrained(callback: () => void): void {
    if (this.#bytes === 0) callback();
    else this.#onDrained.push(callback);
  }

  onCredit(bytes: number): void {
    this.#credit = Math.min(inputWindowBytes, this.#credit + bytes);
    this.#flush();
  }

  /** Nobody is there to take it for a while. */
  suspend(): void {
    this.#credit = 0;
  }

  /** Somebody takes it again, whose window is empty. */
  resume(): void {
    this.#credit = inputWindowBytes;
    this.#flush();
  }

  /** What was typed for a REPL that has ended is nobody's; the agent has dropped its part without a word. */
  forget(): void {
    this.clear();
    this.resume();
  }

  /** Drops what waits; nobody is called back for it. */
  clear(): void {
    this.#pieces = [];
    this.#bytes = 0;
  }

  #flush(): void {
    while (this.#credit > 0 && this.#interrupting === 0) {
      const next = this.#pieces.shift();
      if (next === undefined) break;
      const now = next.subarray(0, this.#credit);
      if (now.length < next.length) this.#pieces.unshift(next.subarray(now.length));
      this.#credit -= now.length;
      this.#bytes -= now.length;
      this.#taker.writeInput(now);
    }
    if (this.#bytes === 0) for (const callback of this.#onDrained.splice(0)) callback();
  }

  /** An interrupt behind queued input: where the terminal's mode makes it one, the queue is dropped with it. */
  #overtake(data: Buffer): void {
    const until = this.#end + data.lastIndexOf(interruptByte) + 1;
    this.#interrupting += 1;
    this.#taker
      .interrupt()
      .then((interrupted) => {
        if (interrupted) this.#drop(until);
      })
      .catch(() => undefined)
      .finally(() => {
        this.#interrupting -= 1;
        this.#flush();
      });
  }

  /** Drops what waits before this offset in all that was ever typed. */
  #drop(until: number): void {
    let surplus = Math.min(until - (this.#end - this.#bytes), this.#bytes);
    while (surplus > 0) {
      const piece = this.#pieces.shift();
      if (piece === undefined) break;
      if (piece.length > surplus) this.#pieces.unshift(piece.subarray(surplus));
      const dropped = Math.min(piece.length, surplus);
      this.#bytes -= dropped;
      surplus -= dropped;
    }
  }
}
