/** Reads server-sent events one after the other, and none ahead of who asks. */
import { request, type IncomingMessage } from 'node:http';

export interface ReadEvent {
  readonly name: string;
  readonly data: Record<string, unknown>;
}

export class EventReader {
  readonly #response: IncomingMessage;
  readonly #pieces: AsyncIterator<string>;
  #text = '';

  private constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8');
    this.#pieces = response.iterator({ destroyOnReturn: false }) as AsyncIterator<string>;
  }

  get status(): number {
    return this.#response.statusCode ?? 0;
  }

  static async open(url: URL, body: object): Promise<EventReader> {
    return await new Promise((resolve, reject) => {
      const headers = { 'Content-Type': 'application/json', Accept: 'text/event-stream' };
      const sent = request(url, { method: 'POST', headers, agent: false });
      sent.once('error', reject).once('response', (response) => {
        resolve(new EventReader(response));
      });
      sent.end(JSON.stringify(body));
    });
  }

  /** Null at the end of the stream. */
  async next(): Promise<ReadEvent | null> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const event = parsed(block);
        if (event !== null) return event;
        continue;
      }
      const piece = await this.#pieces.next();
      if (piece.done === true) return null;
      this.#text += piece.value;
    }
  }

  /** All that come until the end. */
  async rest(): Promise<ReadEvent[]> {
    const events: ReadEvent[] = [];
    for (let event = await this.next(); event !== null; event = await this.next()) events.push(event);
    return events;
  }

  /** Hangs up. */
  close(): void {
    this.#response.destroy();
  }
}

/** Null for a comment. */
function parsed(block: string): ReadEvent | null {
  const [, name] = /^event: (.*)$/m.exec(block) ?? [];
  const [, data] = /^data: (.*)$/m.exec(block) ?? [];
  if (name === undefined || data === undefined) return null;
  return { name, data: JSON.parse(data) as Record<string, unknown> };
}
