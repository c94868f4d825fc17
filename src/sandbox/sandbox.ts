/**
 * The two interfaces that a sandboxing technique implements (design decision D1): a box with one duplex byte stream to
 * the agent inside it. Everything that a user can do goes over that stream; nothing here knows of terminals or files.
 */
import type { Duplex } from 'node:stream';
import type { Language } from '../language/language.js';
import type { Limits } from './limits.js';

/** Who a sandbox is for, decided before it exists and kept where sandboxed code cannot reach it (a label). */
export interface SandboxIdentity {
  /** The session's id, `<replica>.<uuid>`; the owner's capability. */
  readonly sessionId: string;
  /** The id that can only watch. */
  readonly viewId: string;
  /** The replica that created it. */
  readonly replica: string;
}

export interface SandboxSpec {
  readonly identity: SandboxIdentity;
  readonly language: Language;
  readonly limits: Limits;
  /** Seconds without a word from a runner after which the agent ends itself. */
  readonly orphanSeconds: number;
}

/** How a sandbox ended. `reason` is for logs. */
export interface SandboxEnd {
  readonly exitCode: number | null;
  readonly outOfMemory: boolean;
  readonly reason: string;
}

/** One isolated environment, used by one session once. */
export interface Sandbox {
  readonly spec: SandboxSpec;
  /** Whether another runner may take it up. */
  readonly outlivesRunner: boolean;
  /** Bytes to and from the agent, with backpressure both ways. Its end means that the sandbox is lost, unless `recover` is there. */
  readonly stream: Duplex;
  /** Resolves once, when the sandbox or its stream is gone for whatever reason; never rejects. */
  readonly ended: Promise<SandboxEnd>;
  /** Removes it and verifies that. Idempotent; resolves when nothing is left behind. */
  destroy(): Promise<void>;
  /**
   * Present where a sandbox may outlive its stream: waits until it can be reached again and takes it up as another Sandbox,
   * whose agent has to be asked for its state. Rejects with RunnerError `sandbox_failed` once it is gone, or when aborted.
   */
  readonly recover?: (signal: AbortSignal) => Promise<Sandbox>;
}

/** A sandbox that a driver found, which may belong to a session of an earlier runner. */
export interface FoundSandbox {
  readonly spec: SandboxSpec;
  readonly createdAt: Date;
  /** It does not run and nobody is about to start it, or its removal has failed: nothing else is left to do. */
  readonly dead: boolean;
  /** Takes the stream up again. The agent's state must be asked for; see `AgentConnection.sync`. */
  reattach(signal: AbortSignal): Promise<Sandbox>;
  /** Listens to what the agent sends without being able to write: whether another runner holds it. */
  listen(signal: AbortSignal): Promise<AsyncIterable<Buffer> & { close(): void }>;
  destroy(): Promise<void>;
}

export interface SandboxDriver {
  readonly name: 'docker' | 'bubblewrap';
  /** True when sandboxes outlive the runner's process. */
  readonly sandboxesOutliveRunner: boolean;
  /** Throws RunnerError `driver_unavailable`, with the remedy in its message, when it cannot work on this host. */
  prepare(languages: readonly Language[]): Promise<void>;
  /** Names of protections that this host cannot give to this driver by construction (e.g. `inodes`), with why. */
  knownWeaknesses(): readonly { name: string; why: string }[];
  create(spec: SandboxSpec, signal: AbortSignal): Promise<Sandbox>;
  /** Sandboxes with our label on this host, of whichever replica. */
  list(): Promise<readonly FoundSandbox[]>;
  /** Releases what the driver itself holds. Sandboxes that outlive the runner stay. */
  close(): Promise<void>;
}
