/**
 * One running container as a Sandbox: its stream, how it ended, and its removal. It neither creates nor starts one.
 */
import { late, within } from '../../within.js';
import type { Sandbox, SandboxEnd, SandboxSpec } from '../sandbox.js';
import { AttachStream } from './attach-stream.js';
import type { Daemon, ExitAnswer } from './daemon.js';
import { removeContainer } from './remove-container.js';

/** The end of the stream and the answer of `wait` arrive within milliseconds of each other, on a loaded machine seconds. */
const bothEndsMs = 5_000;

export interface DockerSandboxParts {
  readonly daemon: Daemon;
  readonly containerId: string;
  readonly spec: SandboxSpec;
  readonly stream: AttachStream;
  readonly exit: Promise<ExitAnswer>;
  /** Lets go of the request behind `exit`. */
  readonly stopWaiting: () => void;
  /** Told when its removal failed. */
  readonly onLeft: () => void;
  readonly recover?: (signal: AbortSignal) => Promise<Sandbox>;
}

export class DockerSandbox implements Sandbox {
  readonly spec: SandboxSpec;
  readonly outlivesRunner = true;
  readonly stream: AttachStream;
  readonly ended: Promise<SandboxEnd>;
  declare readonly recover?: (signal: AbortSignal) => Promise<Sandbox>;
  readonly #parts: DockerSandboxParts;
  #destroying: Promise<void> | null = null;
  #removed: () => void = () => undefined;

  constructor(parts: DockerSandboxParts) {
    this.#parts = parts;
    this.spec = parts.spec;
    this.stream = parts.stream;
    if (parts.recover !== undefined) this.recover = parts.recover;
    const removed = new Promise<void>((resolve) => {
      this.#removed = resolve;
    });
    this.ended = this.#end(removed);
  }

  destroy(): Promise<void> {
    this.#destroying ??= this.#remove().catch((error: unknown) => {
      // The next call tries again.
      this.#destroying = null;
      this.#parts.onLeft();
      throw error;
    });
    return this.#destroying;
  }

  async #remove(): Promise<void> {
    // First of all: a removal waits for the readers of a container's output, and this one may have stopped reading.
    this.stream.destroy();
    await removeContainer(this.#parts.daemon, this.#parts.containerId);
    this.#removed();
  }

  async #end(removed: Promise<void>): Promise<SandboxEnd> {
    const { exit, stopWaiting } = this.#parts;
    const closed = this.stream.socketClosed;
    const answer = await Promise.race([exit, closed, removed]);
    // A daemon that did not answer `wait` may well carry the stream on; only the stream's end says that it is over.
    if (answer?.kind === 'unknown') await Promise.race([closed, removed]);
    const known = await within(bothEndsMs, both(exit, closed));
    stopWaiting();
    return this.#describe(known === late ? { kind: 'unknown', reason: 'its exit could not be learned' } : known);
  }

  /** Docker has no reliable word on memory: State.OOMKilled is also true when only a child was killed. The agent tells. */
  #describe(exit: ExitAnswer): SandboxEnd {
    const stderr = this.stream.stderrTail;
    const said = stderr === '' ? '' : `; the agent's last words: ${stderr}`;
    const how = exit.kind === 'exit' ? `exit code ${exit.code}` : exit.kind === 'gone' ? 'removed' : exit.reason;
    const who = this.#destroying === null ? '' : 'destroyed by the runner, ';
    return {
      exitCode: exit.kind === 'exit' ? exit.code : null,
      outOfMemory: false,
      reason: `${who}${how}${said}`,
    };
  }
}

async function both(exit: Promise<ExitAnswer>, closed: Promise<void>): Promise<ExitAnswer> {
  const [answer] = await Promise.all([exit, closed]);
  return answer;
}
