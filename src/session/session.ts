/**
 * One user's REPL: a claimed sandbox, its terminal, its state and its end. It obeys `state` and `lifetime`, translates the
 * agent's refusals, and gives nothing back to the pool.
 */
import { AgentRefusal, type AgentConnection, type AgentListener } from '../agent/agent-connection.js';
import type { AgentState, ReplExit } from '../agent/message.js';
import { RunnerError, type ErrorCode } from '../errors.js';
import type { Limits } from '../sandbox/limits.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { CloseReason } from '../terminal/protocol.js';
import { Terminal } from '../terminal/terminal.js';
import { writeArchive } from '../workspace/archive.js';
import { nextDeadline, warningMs, type LifetimeRules } from './lifetime.js';
import type { RestartRequest, SessionSignal, StartRequest, TerminalSize } from './start-request.js';
import { transition, type SessionState } from './state.js';

export type EndReason =
  'deleted' | 'idle' | 'detach_grace' | 'max_lifetime' | 'sandbox_lost' | 'start_failed' | 'stopping';

export interface SessionSettings {
  readonly rules: LifetimeRules;
  readonly resumeGraceMs: number;
}

/** What the set of sessions is told of one. */
export interface SessionListener {
  /** Once, when the session is over; its sandbox is removed, unless that failed. */
  onEnded(reason: EndReason): void;
  /** Its sandbox could not be removed, and nobody waits for the end that could be told. */
  onEndFailed(reason: EndReason, error: unknown): void;
}

export interface SessionParts {
  readonly sandbox: Sandbox;
  readonly connection: AgentConnection;
  readonly agent: AgentState;
  readonly createdAt: Date;
  readonly cold: boolean;
  readonly waitMs: number;
}

const closeReasons: Readonly<Record<EndReason, CloseReason>> = {
  deleted: 'deleted',
  idle: 'expired',
  detach_grace: 'expired',
  max_lifetime: 'expired',
  sandbox_lost: 'sandbox_lost',
  start_failed: 'sandbox_lost',
  stopping: 'draining',
};

const refusalCodes: Readonly<Record<string, ErrorCode>> = {
  disk_full: 'disk_full',
  archive_invalid: 'archive_invalid',
  state: 'session_state',
};

export class Session implements AgentListener {
  readonly id: string;
  readonly viewId: string;
  readonly language: string;
  readonly limits: Limits;
  readonly createdAt: Date;
  readonly cold: boolean;
  readonly waitMs: number;
  readonly terminal: Terminal;
  readonly #sandbox: Sandbox;
  readonly #connection: AgentConnection;
  readonly #rules: LifetimeRules;
  readonly #listener: SessionListener;
  #state: SessionState = 'starting';
  #exit: ReplExit | null = null;
  #exitOffset = 0;
  #activeAt = Date.now();
  #detachedAt: number | null = null;
  #cpuNanos = 0;
  #timer: NodeJS.Timeout | null = null;
  #warned = false;
  #ending: Promise<void> | null = null;

  constructor(parts: SessionParts, settings: SessionSettings, listener: SessionListener) {
    const { identity, language, limits } = parts.sandbox.spec;
    this.id = identity.sessionId;
    this.viewId = identity.viewId;
    this.language = language.name;
    this.limits = limits;
    this.createdAt = parts.createdAt;
    this.cold = parts.cold;
    this.waitMs = parts.waitMs;
    this.#sandbox = parts.sandbox;
    this.#connection = parts.connection;
    this.#rules = settings.rules;
    this.#listener = listener;
    const { epoch, cols, rows, start } = parts.agent;
    this.terminal = new Terminal(
      this.#connection,
      {
        onActivity: () => {
          this.touch();
        },
        onOwnerAttached: () => {
          this.#onOwner(null);
        },
        onOwnerDetached: () => {
          this.#onOwner(Date.now());
        },
      },
      { epoch, cols, rows, resumeGraceMs: settings.resumeGraceMs, offset: start },
    );
    this.#connection.listen(this);
    void parts.sandbox.ended.then(() => {
      this.#endQuietly('sandbox_lost');
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  get exit(): { outcome: string; exitCode: number | null; signal: string | null } | null {
    const exit = this.#exit;
    return exit === null ? null : { outcome: exit.outcome, exitCode: exit.exit_code, signal: exit.signal };
  }

  get attachments(): { owner: boolean; viewers: number } {
    return this.terminal.attached;
  }

  /** When it ends if nothing more happens. */
  get expiresAt(): Date {
    return new Date(this.#deadline().at);
  }

  /** Something happened that shows that the session is in use. */
  touch(): void {
    this.#activeAt = Date.now();
  }

  /** Puts the files in place and lets the REPL go. A failure ends the session. */
  async start(request: Omit<StartRequest, 'language' | 'limits'>): Promise<void> {
    const { entries, startup, env, size } = request;
    try {
      const files = entries.length === 0 ? null : await writeArchive(entries);
      const started = this.#connection.start({ ...size, env, startup, files });
      this.terminal.open(size); // behind the request, which may drop what a waiting interpreter printed
      await started;
      if (this.#state === 'starting') this.#state = transition(this.#state, 'running');
      this.#arm();
    } catch (error) {
      await this.end('start_failed');
      throw translate(error);
    }
  }

  /** Takes up a session of an earlier runner, as its agent describes it; resolves when the kept output is here as well. */
  async resume(agent: AgentState): Promise<void> {
    this.#exit = agent.exit;
    this.#state = agent.state === 'exited' ? 'exited' : 'running';
    this.#detachedAt = Date.now();
    if (agent.exit !== null) this.terminal.onExit(agent.exit, agent.end);
    else if (agent.acknowledged !== null) this.terminal.awaitOwner(agent.acknowledged);
    this.terminal.open(agent);
    await this.terminal.mirrored(agent.end);
    this.#arm();
  }

  /** A fresh REPL in the same sandbox. */
  async restart(request: RestartRequest, signal: AbortSignal): Promise<void> {
    this.#mustBe('running', 'exited');
    signal.throwIfAborted();
    this.touch();
    const { entries, startup, env } = request;
    const size = request.size ?? this.terminal.size;
    await this.terminal.resize(size.cols, size.rows);
    const files = entries === null ? null : await writeArchive(entries);
    try {
      const { offset } = await this.#connection.restart({ cols: size.cols, rows: size.rows, env, startup, files });
      const [exit, exitOffset] = [this.#exit, this.#exitOffset];
      if (this.#state === 'exited') this.#state = transition(this.#state, 'running');
      this.#exit = null;
      this.terminal.onRestarted(offset);
      // An end behind the new output is that of the new REPL, told before this answer was taken up.
      if (exit !== null && exitOffset > offset) this.onExit(exit, exitOffset);
    } catch (error) {
      throw translate(error);
    }
  }

  async resize(size: TerminalSize): Promise<void> {
    this.#mustBe('running', 'exited');
    this.touch();
    await this.terminal.resize(size.cols, size.rows);
  }

  async signal(name: SessionSignal): Promise<void> {
    this.#mustBe('running');
    this.touch();
    try {
      await this.#connection.signal(name);
    } catch (error) {
      throw translate(error);
    }
  }

  /** Ends it for good; every call resolves when the sandbox is gone. */
  end(reason: EndReason): Promise<void> {
    this.#ending ??= this.#endOnce(reason);
    return this.#ending;
  }

  /** Lets go of a session whose sandbox outlives this runner. */
  async release(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#ending ??= Promise.resolve();
    await this.#connection.release();
    this.terminal.close('draining');
    this.#connection.close('it was released');
  }

  // --- what the agent tells ---

  onOutput(offset: number, data: Buffer): void {
    this.terminal.onOutput(offset, data);
  }

  onInputCredit(bytes: number): void {
    this.terminal.onInputCredit(bytes);
  }

  onExit(exit: ReplExit, offset: number): void {
    if (this.#state === 'ended') return;
    this.#exit = exit;
    this.#exitOffset = offset;
    if (this.#state !== 'exited') this.#state = transition(this.#state, 'exited');
    this.terminal.onExit(exit, offset);
  }

  onReady(): void {
    // a restarted REPL is up, which its prompt shows
  }

  onClosed(): void {
    if (this.#state !== 'ended') this.#endQuietly('sandbox_lost');
  }

  async #endOnce(reason: EndReason): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#state = transition(this.#state, 'ended');
    this.terminal.close(closeReasons[reason], { reason });
    this.#connection.close('the session has ended');
    try {
      await this.#sandbox.destroy();
    } finally {
      this.#listener.onEnded(reason);
    }
  }

  /** An end that nobody waits for. A sandbox that cannot be removed now ends by its agent's orphan switch. */
  #endQuietly(reason: EndReason): void {
    // Another end may be under way, and then whoever asked for that one is told.
    if (this.#ending !== null) return;
    this.end(reason).catch((error: unknown) => {
      this.#listener.onEndFailed(reason, error);
    });
  }

  #mustBe(...states: SessionState[]): void {
    if (states.includes(this.#state)) return;
    if (this.#state === 'ended') throw new RunnerError('session_ended', 'The session has ended.');
    throw new RunnerError(
      'session_state',
      `The session is ${this.#state}; this call needs it ${states.join(' or ')}.`,
      {
        context: { state: this.#state },
      },
    );
  }

  #onOwner(detachedAt: number | null): void {
    this.#detachedAt = detachedAt;
    this.touch();
    if (this.#state !== 'ended') this.#arm();
  }

  #deadline(): ReturnType<typeof nextDeadline> {
    return nextDeadline(this.#rules, {
      createdAt: this.createdAt.getTime(),
      activeAt: this.#activeAt,
      detachedAt: this.#detachedAt,
    });
  }

  /** One timer a session: it looks again at the next deadline, or at the warning before it. */
  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#ending !== null) return;
    const left = this.#deadline().at - Date.now();
    const wait = left > warningMs ? left - warningMs : left;
    this.#timer = setTimeout(() => void this.#look(), Math.min(Math.max(wait, 0), 0x7fff_ffff)).unref();
  }

  async #look(): Promise<void> {
    let deadline = this.#deadline();
    if (deadline.reason === 'idle' && deadline.at - Date.now() <= warningMs && (await this.#hasComputed())) {
      this.touch();
      deadline = this.#deadline();
    }
    if (this.#ending !== null) return;
    const left = deadline.at - Date.now();
    if (left <= 0) {
      this.#endQuietly(deadline.reason);
      return;
    }
    if (left <= warningMs && !this.#warned) {
      this.terminal.tell({ type: 'warning', reason: deadline.reason, seconds: Math.ceil(left / 1000) });
    }
    this.#warned = left <= warningMs;
    this.#arm();
  }

  /** Whether the sandbox has used CPU time worth the name since it was last asked. */
  async #hasComputed(): Promise<boolean> {
    try {
      const { cpu_nanos: nanos } = await this.#connection.usage();
      const used = (nanos ?? 0) - this.#cpuNanos;
      this.#cpuNanos = nanos ?? 0;
      return used > this.#rules.idleMs * 1e6 * 0.01;
    } catch {
      return false;
    }
  }
}

function translate(error: unknown): RunnerError {
  if (error instanceof RunnerError) return error;
  if (error instanceof AgentRefusal) {
    const code = refusalCodes[error.code] ?? 'sandbox_failed';
    return new RunnerError(code, `The sandbox refused: ${error.message}.`, { cause: error });
  }
  return new RunnerError('internal', 'The session could not do that.', { cause: error });
}
