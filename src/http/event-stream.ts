/**
 * Server-sent events on one answer: each is a name and JSON. Whoever sends waits until the client has taken what came
 * before, so that a slow client holds the sender back; silence is broken by comments, so that nobody on the way hangs up.
 */
import type { ServerResponse } from 'node:http';
import { RunnerError } from '../errors.js';

const heartbeatMs = 15_000;

/** The lines of one event. JSON has no line breaks, so its data is one line. */
function eventText(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

export class EventStream {
  readonly #response: ServerResponse;
  #heartbeat: NodeJS.Timeout | null = null;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get open(): boolean {
    return this.#heartbeat !== null;
  }

  /** Sends the head of the answer: from here on an error can only be an event. */
  begin(): void {
    if (this.open) return;
    // A proxy that gathers the answer would keep it from the client.
    const headers = { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' };
    this.#response.writeHead(200, headers).flushHeaders();
    this.#heartbeat = setInterval(() => {
      if (!this.#response.writableNeedDrain) this.#response.write(': still here\n\n');
    }, heartbeatMs).unref();
    this.#response.once('close', () => {
      this.#stop();
    });
  }

  /** Resolves when the client takes more; rejects when it is gone. */
  async send(name: string, data: object): Promise<void> {
    const response = this.#response;
    if (response.destroyed) throw gone();
    if (response.write(eventText(name, data))) return;
    await new Promise<void>((resolve, reject) => {
      const settle = (act: () => void) => (): void => {
        response.off('drain', onDrain).off('close', onClose);
        act();
      };
      const onDrain = settle(resolve);
      const onClose = settle(() => {
        reject(gone());
      });
      response.once('drain', onDrain).once('close', onClose);
    });
  }

  end(): void {
    this.#stop();
    this.#response.end();
  }

  #stop(): void {
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
  }
}

function gone(): RunnerError {
  return new RunnerError('internal', 'The client went away.');
}
