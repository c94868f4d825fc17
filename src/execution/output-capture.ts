/**
 * What a run has said: kept up to a bound, or handed on piece by piece, in order, one at a time. It asks the program for
 * no more than was taken, and believes no sandbox about the bound.
 */
import { GrowingBuffer } from './growing-buffer.js';
import type { OutputName } from './run.js';

export interface CapturedOutput {
  readonly data: Buffer;
  /** Whether the program said more, or may have. */
  readonly truncated: boolean;
}

type OnOutput = (name: OutputName, data: Buffer) => Promise<void> | void;

export class OutputCapture {
  readonly #kept: Record<OutputName, GrowingBuffer> = { stdout: new GrowingBuffer(), stderr: new GrowingBuffer() };
  readonly #cut = { stdout: false, stderr: false };
  readonly #onOutput: OnOutput | undefined;
  readonly #onFailed: () => void;
  #left: number;
  #tail: Promise<void> = Promise.resolve();
  #over = false;

  /** @param onFailed called once when `onOutput` takes no more */
  constructor(maxBytes: number, onOutput: OnOutput | undefined, onFailed: () => void) {
    this.#left = maxBytes;
    this.#onOutput = onOutput;
    this.#onFailed = onFailed;
  }

  /** Takes a piece; what it returns resolves when more may come. */
  take(name: OutputName, data: Buffer): Promise<void> | undefined {
    const piece = data.subarray(0, this.#left);
    this.#left -= piece.length;
    if (piece.length < data.length) this.#cut[name] = true;
    if (piece.length === 0) return undefined;
    const onOutput = this.#onOutput;
    if (onOutput === undefined) {
      this.#kept[name].append(piece);
      return undefined;
    }
    this.#tail = this.#tail.then(() => (this.#over ? undefined : onOutput(name, piece))).catch(this.#fail);
    return this.#tail;
  }

  /** Resolves when everything that came has been taken, or the signal aborts. */
  async settled(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    let stop: () => void = () => undefined;
    const aborted = new Promise<void>((resolve) => {
      stop = resolve;
    });
    signal.addEventListener('abort', stop, { once: true });
    await Promise.race([this.#tail, aborted]);
    // A signal that is made of others lives as long as its listeners.
    signal.removeEventListener('abort', stop);
  }

  /** Hands nothing on any more, also of what has come. */
  stop(): void {
    this.#over = true;
  }

  of(name: OutputName, cut: boolean): CapturedOutput {
    return { data: this.#kept[name].bytes, truncated: cut || this.#cut[name] };
  }

  readonly #fail = (): void => {
    if (this.#over) return;
    this.#over = true;
    this.#onFailed();
  };
}
