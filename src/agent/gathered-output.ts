/**
 * Terminal output that came in one read of the stream, as few pieces as its offsets allow: a flood's frames are cut anew on
 * their way, and each piece that is handed on costs a message to a browser. Nothing is kept beyond `flush`.
 */
export class GatheredOutput {
  #offset = 0;
  #end = 0;
  #pieces: Buffer[] = [];

  constructor(private readonly deliver: (offset: number, data: Buffer) => void) {}

  /** Bytes whose first one is at `offset`; those before a jump are delivered. */
  add(offset: number, pieces: readonly Buffer[]): void {
    if (offset !== this.#end) this.flush();
    if (this.#pieces.length === 0) this.#offset = this.#end = offset;
    for (const piece of pieces) {
      if (piece.length === 0) continue;
      this.#pieces.push(piece);
      this.#end += piece.length;
    }
  }

  flush(): void {
    const [first, ...more] = this.#pieces;
    if (first === undefined) return;
    const data = more.length === 0 ? first : Buffer.concat(this.#pieces, this.#end - this.#offset);
    this.#pieces = [];
    this.deliver(this.#offset, data);
  }
}
