/** Sessions that live in memory only: the HTTP layer's other implementation of `SessionSet`. */
import { RunnerError } from '../../src/errors.js';
import type { Capacity, SessionHandle, SessionSet } from '../../src/http/session-set.js';
import type { ProgramRequest, ProgramResult } from '../../src/execution/run-program.js';
import { newSessionId } from '../../src/ids.js';
import { defaultLimits, type Limits } from '../../src/sandbox/limits.js';
import type {
  ForkRequest,
  RestartRequest,
  SessionSignal,
  StartRequest,
  TerminalSize,
} from '../../src/session/start-request.js';
import type { PackReport } from '../../src/workspace/workspace.js';
import { MemoryWorkspace } from './memory-workspace.js';
import { programResult } from './program-result.js';

export class MemorySession implements SessionHandle {
  readonly id = newSessionId('test');
  readonly viewId = newSessionId('test');
  readonly createdAt = new Date('2026-01-01T00:00:00Z');
  readonly expiresAt = new Date('2026-01-01T08:00:00Z');
  readonly cold = false;
  readonly waitMs = 0;
  readonly attachments = { owner: false, viewers: 0 };
  state: 'running' | 'exited' | 'ended' = 'running';
  exit: { outcome: string; exitCode: number | null; signal: string | null } | null = null;
  readonly language: string;
  readonly limits: Limits;
  readonly egress: readonly string[];
  readonly restarts: RestartRequest[] = [];
  readonly sizes: TerminalSize[] = [];
  readonly signals: SessionSignal[] = [];
  readonly workspace = new MemoryWorkspace();
  readonly runs: ProgramRequest[] = [];
  answerRun: (request: ProgramRequest) => Promise<ProgramResult> = () => Promise.resolve(programResult());

  constructor(request: StartRequest) {
    this.language = request.language;
    this.limits = { ...defaultLimits, ...request.limits };
    this.egress = request.egress ?? [];
  }

  restart(request: RestartRequest): Promise<void> {
    this.restarts.push(request);
    return Promise.resolve();
  }

  resize(size: TerminalSize): Promise<void> {
    this.sizes.push(size);
    return Promise.resolve();
  }

  signal(name: SessionSignal): Promise<void> {
    if (this.state !== 'running') return Promise.reject(new RunnerError('session_state', 'It has exited.'));
    this.signals.push(name);
    return Promise.resolve();
  }

  async run(request: ProgramRequest, onStart: () => Promise<void> | undefined): Promise<ProgramResult> {
    this.runs.push(request);
    await onStart();
    return await this.answerRun(request);
  }

  use<T>(): Promise<T> {
    return Promise.reject(new RunnerError('sandbox_failed', 'It has no sandbox.'));
  }

  end(): Promise<void> {
    this.state = 'ended';
    return Promise.resolve();
  }
}

export class MemorySessions implements SessionSet {
  /** Every request that came this far. */
  readonly requests: StartRequest[] = [];
  readonly signals: AbortSignal[] = [];
  /** Set to make the next starts fail. */
  failure: Error | null = null;
  refusal: Capacity['refusal'] = null;
  /** Awaited within a start. */
  gate: Promise<void> = Promise.resolve();
  readonly all: MemorySession[] = [];

  async start(request: StartRequest, signal: AbortSignal): Promise<MemorySession> {
    this.requests.push(request);
    this.signals.push(signal);
    await this.gate;
    if (this.failure !== null) throw this.failure;
    const session = new MemorySession(request);
    this.all.push(session);
    return session;
  }

  async fork(
    id: string,
    request: ForkRequest,
    signal: AbortSignal,
  ): Promise<{ session: MemorySession; copy: PackReport }> {
    const { session: source } = this.find(id);
    const session = await this.start({ ...request, language: source.language, entries: [] }, signal);
    for (const [path, node] of source.workspace.nodes) session.workspace.nodes.set(path, node);
    return { session, copy: await source.workspace.pack().report };
  }

  find(id: string): { session: MemorySession; role: 'owner' | 'viewer' } {
    const session = this.all.find((candidate) => candidate.id === id || candidate.viewId === id);
    if (session === undefined) throw new RunnerError('session_unknown', 'There is no session of this id.');
    if (session.state === 'ended') throw new RunnerError('session_ended', 'The session has ended.');
    return { session, role: session.id === id ? 'owner' : 'viewer' };
  }

  list(): readonly MemorySession[] {
    return this.all.filter(({ state }) => state !== 'ended');
  }

  capacity(): Capacity {
    const pools = { python: { warm: 4, creating: 0, waiting: 0 } };
    const exited = this.list().filter(({ state }) => state === 'exited').length;
    const sessions = this.list().length;
    const states = { starting: 0, running: sessions - exited, exited };
    return { refusal: this.refusal, sessions, maxSessions: 10, pools, states, serves: ['test'] };
  }
}
