/** Takes a stream of server-sent events apart, however it is cut. Pure. */

export interface ServerEvent {
  readonly name: string;
  readonly data: unknown;
}

export class EventParser {
  readonly #decoder = new TextDecoder();
  #text = '';

  /** The events that are complete with these bytes. */
  push(bytes: Uint8Array): ServerEvent[] {
    const blocks = (this.#text + this.#decoder.decode(bytes, { stream: true })).split('\n\n');
    this.#text = blocks.pop() ?? '';
    return blocks.map(eventOf).filter((event) => event !== null);
  }
}

/** Null for a comment, and for what is no event of a runner. */
function eventOf(block: string): ServerEvent | null {
  const field = (name: string): string | undefined =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const [name, data] = [field('event'), field('data')];
  if (name === undefined || data === undefined) return null;
  try {
    return { name, data: JSON.parse(data) };
  } catch {
    return null;
  }
}
