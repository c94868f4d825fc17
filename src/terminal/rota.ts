/**
 * Members whose turn comes round: each once in as many calls of `next` as there are parts, and in each about as many as in
 * the others, so that no turn is long because many came at the same time. It holds no timer.
 */
export class Rota<Member> {
  readonly #parts: readonly Set<Member>[];
  #next = 0;

  constructor(parts: number) {
    this.#parts = Array.from({ length: parts }, () => new Set<Member>());
  }

  get size(): number {
    return this.#parts.reduce((sum, part) => sum + part.size, 0);
  }

  /** Puts it where the fewest are; what it returns takes it out again. */
  add(member: Member): () => void {
    const part = this.#parts.reduce((fewest, other) => (other.size < fewest.size ? other : fewest));
    part.add(member);
    return () => {
      part.delete(member);
    };
  }

  /** Those whose turn it is now. */
  next(): Iterable<Member> {
    const part = this.#parts[this.#next] ?? [];
    this.#next = (this.#next + 1) % this.#parts.length;
    return part;
  }
}
