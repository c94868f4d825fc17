/** The requests of one connection that have no answer yet, each with its time limit. It sends nothing. */
import { FrameError } from './frame.js';
import type { AgentResponse } from './message.js';

interface PendingRequest {
  resolve(answer: AgentResponse): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout | null;
}

/** A request that the agent understood and refused; `code` is the agent's word for why. */
export class AgentRefusal extends Error {
  override readonly name = 'AgentRefusal';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export class PendingRequests {
  readonly #pending = new Map<number, PendingRequest>();
  #lastId = 0;

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Resolves or rejects as the agent answers; `onTimeout` is called after `timeoutMs`, never when that is null. */
  answerTo(id: number, timeoutMs: number | null, onTimeout: () => void): Promise<AgentResponse> {
    return new Promise((resolve, reject) => {
      const timer = timeoutMs === null ? null : setTimeout(onTimeout, timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
    });
  }

  /** Throws FrameError on an answer to nothing. */
  settle(response: AgentResponse): void {
    const request = this.#pending.get(response.id);
    if (request === undefined) throw new FrameError('an answer to nothing');
    this.#pending.delete(response.id);
    if (request.timer !== null) clearTimeout(request.timer);
    if (response.error === undefined) request.resolve(response);
    else request.reject(new AgentRefusal(response.error.code, response.error.message));
  }

  rejectAll(error: Error): void {
    for (const request of this.#pending.values()) {
      if (request.timer !== null) clearTimeout(request.timer);
      request.reject(error);
    }
    this.#pending.clear();
  }
}
