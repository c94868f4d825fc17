/** Sessions that live in memory only: the HTTP layer's other implementation of `SessionSet`. */
import { RunnerError } from '../../src/errors.js';
import type { Capacity, SessionHandle, SessionSet } from '../../src/http/session-set.js';
import { newSessionId } from '../../src/ids.js';
import { defaultLimits, type Limits } from '../../src/sandbox/limits.js';
import type { RestartRequest, SessionSignal, StartRequest, TerminalSize } from '../../src/session/start-request.js';

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
  readonly restarts: RestartRequest[] = [];
  readonly sizes: TerminalSize[] = [];
  readonly signals: SessionSignal[] = [];

  constructor(request: StartRequest) {
    this.language = request.language;
    this.limits = { ...defaultLimits, ...request.limits };
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
  ready = true;
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
    return { ready: this.ready, sessions: this.list().length, maxSessions: 10, pools, serves: ['test'] };
  }
}
