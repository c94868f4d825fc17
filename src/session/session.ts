/**
 * One user's REPL: a claimed sandbox, its terminal, its state and its end. It obeys `state` and `lifetime-clock`, translates
 * the agent's refusals, gives nothing back to the pool, and outlives its connection where the sandbox does.
 */
import { abortAfter } from '../abort-after.js';
import type { AgentConnection, AgentListener, Loss, TarContent } from '../agent/agent-connection.js';
import { asRunnerError } from '../agent/as-runner-error.js';
import type { AgentState, ReplExit } from '../agent/message.js';
import type { Egress, OpenedEgress } from '../egress/egress.js';
import { RunnerError } from '../errors.js';
import { stepsOf } from '../execution/program.js';
import { runProgram, type ProgramRequest, type ProgramResult } from '../execution/run-program.js';
import type { RunResult } from '../execution/run.js';
import type { Limits } from '../sandbox/limits.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { CloseReason } from '../terminal/protocol.js';
import { Terminal, type TerminalBackend } from '../terminal/terminal.js';
import { writeArchive } from '../workspace/archive.js';
import { Workspace } from '../workspace/workspace.js';
import type { ExpiryReason, LifetimeRules } from './lifetime.js';
import { LifetimeClock } from './lifetime-clock.js';
import { isHeld, recoverSandbox, type Recovered } from './recovery.js';
import type { RestartRequest, SessionSignal, StartRequest, TerminalSize } from './start-request.js';
import { transition, type SessionState } from './state.js';

export type EndReason = ExpiryReason | 'deleted' | 'sandbox_lost' | 'start_failed' | 'stopping';

export interface SessionSettings {
  readonly rules: LifetimeRules;
  readonly resumeGraceMs: number;
  /** Absent, no session has a way out. */
  readonly egress?: Egress;
}

/** Who holds the lease of a session's agent. */
export interface SessionHolder {
  readonly replica: string;
}

/** What the set of sessions is told of one. */
export interface SessionListener {
  onState(from: SessionState, to: SessionState): void;
  /** Once, when the session is over; its sandbox is removed, unless that failed. */
  onEnded(reason: EndReason): void;
  /** Its sandbox could not be removed, and nobody waits for the end that could be told. */
  onEndFailed(reason: EndReason, error: unknown): void;
  /** Its REPL has ended by itself. */
  onExited(outcome: ReplExit['outcome']): void;
  /** A fresh REPL runs. */
  onRestarted(): void;
  /** Its sandbox can be reached again, after so long; `null` where a sibling has taken it up, also one that could be reached. */
  onRecovered(ms: number | null): void;
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

export class Session implements AgentListener {
  readonly id: string;
  readonly viewId: string;
  readonly language: string;
  readonly limits: Limits;
  readonly createdAt: Date;
  readonly cold: boolean;
  readonly waitMs: number;
  readonly terminal: Terminal;
  #sandbox: Sandbox;
  #connection: AgentConnection;
  #workspace: Workspace;
  readonly #settings: SessionSettings & SessionHolder;
  readonly #listener: SessionListener;
  #state: SessionState = 'starting';
  #exit: ReplExit | null = null;
  #exitOffset = 0;
  readonly #lifetime: LifetimeClock;
  #ending: Promise<void> | null = null;
  #endReason: EndReason | null = null;
  /** Stops the attempts to reach the sandbox again; null while it is at hand. */
  #recovering: AbortController | null = null;
  readonly #egress: Egress | null;
  #opened: OpenedEgress = { names: [], env: {}, serve: () => undefined };

  constructor(parts: SessionParts, settings: SessionSettings & SessionHolder, listener: SessionListener) {
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
    this.#settings = settings;
    this.#egress = settings.egress ?? null;
    this.#listener = listener;
    this.#lifetime = this.#createLifetime();
    const { epoch, cols, rows, start } = parts.agent;
    this.terminal = new Terminal(
      this.#backend(),
      {
        onActivity: () => {
          this.touch();
        },
        onOwnerAttached: () => {
          this.#lifetime.attach();
          this.#lifetime.arm();
        },
        onOwnerDetached: () => {
          this.#lifetime.detach();
          this.#lifetime.arm();
        },
      },
      { epoch, cols, rows, resumeGraceMs: settings.resumeGraceMs, offset: start },
    );
    this.#workspace = this.#createWorkspace();
    this.#connection.listen(this);
    this.#watch(parts.sandbox);
  }

  get state(): SessionState {
    return this.#state;
  }

  get exit(): { outcome: string; exitCode: number | null; signal: string | null } | null {
    const exit = this.#exit;
    return exit === null ? null : { outcome: exit.outcome, exitCode: exit.exit_code, signal: exit.signal };
  }

  /** Its files; each use counts as one of the session, which must run or have exited. */
  get workspace(): Workspace {
    return this.#workspace;
  }

  /** Whether its sandbox cannot be reached at the moment, and may be again. */
  get recovering(): boolean {
    return this.#recovering !== null;
  }

  get attachments(): { owner: boolean; viewers: number } {
    return this.terminal.attached;
  }

  /** The names that its programs may reach. */
  get egress(): readonly string[] {
    return this.#opened.names;
  }

  /** When it ends if nothing more happens. */
  get expiresAt(): Date {
    return new Date(this.#lifetime.deadline.at);
  }

  /** Something happened that shows that the session is in use. */
  touch(): void {
    this.#lifetime.touch();
  }

  /** Puts the files in place and lets the REPL go. A failure, also one of the tar's source, ends the session. */
  async start(
    request: Pick<StartRequest, 'startup' | 'env' | 'size' | 'egress'>,
    filesOf: () => TarContent | null | Promise<TarContent | null>,
  ): Promise<{ files: number; bytes: number }> {
    const { startup, size, egress = [] } = request;
    try {
      const files = await filesOf();
      this.#opened = (await this.#egress?.open(this.#connection, this.id, egress)) ?? this.#opened;
      const env = { ...this.#opened.env, ...request.env };
      const started = this.#connection.start({ ...size, env, startup, files });
      this.terminal.open(size); // behind the request, which may drop what a waiting interpreter printed
      const unpacked = await started;
      if (this.#state === 'starting') this.#become('running');
      this.#lifetime.arm();
      return unpacked;
    } catch (error) {
      await this.end('start_failed');
      throw asRunnerError(error);
    }
  }

  /** Takes up a session of an earlier runner, as its agent describes it; resolves when the kept output is here as well. */
  async resume(agent: AgentState): Promise<void> {
    this.#opened = this.#egress?.resume(this.#connection, this.id, agent.egress) ?? this.#opened;
    this.#exit = agent.exit;
    this.#become(agent.state === 'exited' ? 'exited' : 'running');
    this.#lifetime.detach();
    if (agent.exit !== null) this.terminal.onExit(agent.exit, agent.end);
    else if (agent.acknowledged !== null) this.terminal.awaitOwner(agent.acknowledged);
    this.terminal.open(agent);
    await this.terminal.mirrored(agent.end);
    this.#lifetime.arm();
  }

  /** A fresh REPL in the same sandbox. */
  async restart(request: RestartRequest, signal: AbortSignal): Promise<void> {
    this.#mustBe('running', 'exited');
    signal.throwIfAborted();
    this.touch();
    const { entries, startup } = request;
    const env = { ...this.#opened.env, ...request.env };
    const size = request.size ?? this.terminal.size;
    const files = entries === null ? null : await writeArchive(entries);
    try {
      await this.terminal.resize(size.cols, size.rows);
      const { offset } = await this.#connection.restart({ cols: size.cols, rows: size.rows, env, startup, files });
      const [exit, exitOffset] = [this.#exit, this.#exitOffset];
      this.#goOn(offset);
      // An end behind the new output is that of the new REPL, told before this answer was taken up.
      if (exit !== null && exitOffset > offset) this.#takeExit(exit, exitOffset);
    } catch (error) {
      throw asRunnerError(error);
    }
  }

  async resize(size: TerminalSize): Promise<void> {
    this.#mustBe('running', 'exited');
    this.touch();
    try {
      await this.terminal.resize(size.cols, size.rows);
    } catch (error) {
      throw asRunnerError(error);
    }
  }

  async signal(name: SessionSignal): Promise<void> {
    this.#mustBe('running');
    this.touch();
    try {
      await this.#connection.signal(name);
    } catch (error) {
      throw asRunnerError(error);
    }
  }

  /**
   * Runs a program beside the REPL, if there is one. `onStart` is awaited once nothing but the program can refuse. Where
   * the session or its REPL is ended meanwhile, so is the run, and says so.
   */
  async run(
    request: ProgramRequest,
    onStart: () => Promise<void> | undefined,
    signal: AbortSignal,
  ): Promise<ProgramResult> {
    this.#mustBe('running', 'exited');
    const language = this.#sandbox.spec.language;
    stepsOf(request.program, language);
    return await this.#lifetime.during(async () => {
      await onStart();
      const result = await runProgram(this.#connection, language, request, signal);
      return this.#endReason === null || this.#endReason === 'sandbox_lost' ? result : endedWithSession(result);
    });
  }

  /** Lends its sandbox for work beside the REPL, which counts as use of the session. */
  async use<T>(work: (connection: AgentConnection) => Promise<T>): Promise<T> {
    this.#mustBe('running', 'exited');
    try {
      return await this.#lifetime.during(() => work(this.#connection));
    } catch (error) {
      if (this.#state === 'ended') throw new RunnerError('session_ended', 'The session has ended.', { cause: error });
      throw error;
    }
  }

  /** Ends it for good; every call resolves when the sandbox is gone. */
  end(reason: EndReason): Promise<void> {
    this.#endReason ??= reason;
    this.#ending ??= this.#endOnce(reason);
    return this.#ending;
  }

  /** Lets go of a session whose sandbox outlives this runner. */
  async release(): Promise<void> {
    this.#recovering?.abort();
    this.#lifetime.stop();
    this.#endReason ??= 'stopping';
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
    this.#takeExit(exit, offset);
    this.#listener.onExited(exit.outcome);
  }

  onReady(): void {
    // a restarted REPL is up, which its prompt shows
  }

  onClosed(_reason: string, loss: Loss | null): void {
    if (this.#recovering !== null) return;
    if (loss === 'stream') this.#lose();
    else if (loss === 'lease' && this.#sandbox.outlivesRunner && this.#state !== 'starting') void this.#letGo();
    else if (this.#state !== 'ended') this.#endQuietly('sandbox_lost');
  }

  #watch(sandbox: Sandbox): void {
    void sandbox.ended.then(() => {
      if (sandbox === this.#sandbox) this.#lose();
    });
  }

  /** The sandbox cannot be reached: it is gone, or comes back where it may outlive its stream. */
  #lose(): void {
    if (this.#ending !== null || this.#recovering !== null) return;
    if (this.#state === 'starting' || this.#sandbox.recover === undefined) this.#endQuietly('sandbox_lost');
    else void this.#recover();
  }

  async #recover(): Promise<void> {
    const stopping = new AbortController();
    this.#recovering = stopping;
    const since = performance.now();
    const hadExited = this.#state === 'exited';
    this.terminal.suspend();
    this.#connection.close('it is taken up again');
    const { replica, resumeGraceMs } = this.#settings;
    // An agent to whom nobody speaks ends itself after this long.
    const bounded = AbortSignal.any([stopping.signal, abortAfter(this.#sandbox.spec.orphanSeconds * 1000)]);
    try {
      const greeting = { replica, resumeGraceSeconds: resumeGraceMs / 1000 };
      const recovered = await recoverSandbox(this.#sandbox, greeting, this, bounded);
      if (stopping.signal.aborted) {
        recovered.connection.close('the session has ended');
        return;
      }
      this.#recovering = null;
      this.#takeUp(recovered, hadExited);
      this.#listener.onRecovered(performance.now() - since);
    } catch (error) {
      if (stopping.signal.aborted) return;
      this.#recovering = null;
      if (isHeld(error)) {
        await this.#letGo();
      } else {
        this.#endQuietly('sandbox_lost');
      }
    }
  }

  /** A sibling has taken its sandbox up. */
  async #letGo(): Promise<void> {
    await this.release();
    this.#listener.onRecovered(null);
  }

  #takeUp({ sandbox, connection, agent }: Recovered, hadExited: boolean): void {
    this.#sandbox = sandbox;
    this.#connection = connection;
    this.#opened.serve(connection);
    this.#workspace = this.#createWorkspace();
    this.#watch(sandbox);
    if (agent.epoch !== this.terminal.epoch || agent.end < this.terminal.log.end) {
      connection.close('it is not the sandbox that it was');
      this.#endQuietly('sandbox_lost');
      return;
    }
    // What the agent told while nobody listened.
    if (agent.exit !== null && this.#state === 'running') this.onExit(agent.exit, agent.end);
    else if (agent.exit === null && hadExited) this.#goOn(agent.end);
    this.terminal.resync(agent);
    if (connection.closed) this.#lose();
  }

  /** A fresh REPL, whose output starts at this offset. */
  #goOn(offset: number): void {
    if (this.#state === 'exited') this.#become('running');
    this.#exit = null;
    this.terminal.onRestarted(offset);
    this.#listener.onRestarted();
  }

  #takeExit(exit: ReplExit, offset: number): void {
    this.#exit = exit;
    this.#exitOffset = offset;
    if (this.#state !== 'exited') this.#become('exited');
    this.terminal.onExit(exit, offset);
  }

  #become(state: SessionState): void {
    const from = this.#state;
    this.#state = transition(from, state);
    this.#listener.onState(from, state);
  }

  async #endOnce(reason: EndReason): Promise<void> {
    this.#recovering?.abort();
    this.#lifetime.stop();
    this.#become('ended');
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
    if (this.#recovering !== null && this.#state !== 'ended') {
      throw new RunnerError('driver_unavailable', 'The sandbox cannot be reached at the moment. Try again shortly.');
    }
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

  #createWorkspace(): Workspace {
    return new Workspace(this.#connection, () => {
      this.#mustBe('running', 'exited');
      this.touch();
    });
  }

  /** Always the connection that there is now. */
  #backend(): TerminalBackend {
    return {
      writeInput: (data) => {
        this.#connection.writeInput(data);
      },
      setFlow: (readLimit, moreOutputBytes) => {
        this.#connection.setFlow(readLimit, moreOutputBytes);
      },
      resize: (cols, rows) => this.#connection.resize(cols, rows),
      interrupt: () => this.#connection.interrupt(),
    };
  }

  #createLifetime(): LifetimeClock {
    return new LifetimeClock(this.#settings.rules, this.createdAt, {
      onWarning: (reason, seconds) => {
        this.terminal.tell({ type: 'warning', reason, seconds });
      },
      onExpired: (reason) => {
        this.#endQuietly(reason);
      },
      cpuNanos: async () => (await this.#connection.usage()).cpu_nanos ?? 0,
    });
  }
}

/** The connection was closed under the run, which is no failure of the sandbox's. */
function endedWithSession(result: ProgramResult): ProgramResult {
  const ended = (step: RunResult | null): RunResult | null =>
    step?.outcome === 'infrastructure' ? { ...step, outcome: 'ended' } : step;
  return { ...result, build: ended(result.build), run: ended(result.run) };
}
