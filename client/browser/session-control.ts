/**
 * The session behind a component: started, attached to, restarted and ended, one at a time, with the phase that it is in.
 * It draws nothing. What comes back for a session that was left meanwhile is passed over.
 */
import type { TerminalExit, TerminalSize } from '../protocol.js';
import type { SessionClient } from '../session-client.js';
import type { OwnedSession } from '../session-info.js';
import { ReplError } from '../repl-error.js';
import type { RestartOptions, StartOptions } from '../start-options.js';
import type { TerminalConnection } from '../terminal-connection.js';
import type { ConnectionState } from '../terminal-listener.js';
import type { Phase } from './phase.js';

export interface SessionListener {
  onPhase(phase: Phase): void;
  onStarted(session: OwnedSession): void;
  onOutput(data: Uint8Array, taken: () => void): void;
  /** Old output, drawn at this size, follows. */
  onHello(size: TerminalSize): void;
  onReplayed(): void;
  onReset(): void;
  onResized(size: TerminalSize): void;
  onRestarted(): void;
  onExit(exit: TerminalExit): void;
  onWarning(reason: string, seconds: number): void;
}

export class SessionControl {
  readonly #listener: SessionListener;
  #client: SessionClient;
  #connection: TerminalConnection | null = null;
  #id: string | null = null;
  #phase: Phase = { kind: 'idle' };
  #starting: AbortController | null = null;
  #exit: TerminalExit | null = null;
  #printed = false;

  constructor(client: SessionClient, listener: SessionListener) {
    this.#client = client;
    this.#listener = listener;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** What is attached to; the owner's id or a view id. */
  get id(): string | null {
    return this.#id;
  }

  /** Whether what is typed now reaches the REPL. */
  get ready(): boolean {
    return this.#phase.kind !== 'restarting' && (this.#connection?.mayType ?? false);
  }

  /** Calls go by it from now on; a terminal that is attached stays where it is. */
  use(client: SessionClient): void {
    this.#client = client;
  }

  /** Rejects with a ReplError, which the phase tells as well. */
  async start(options: StartOptions): Promise<OwnedSession> {
    this.#leave();
    const starting = new AbortController();
    this.#starting = starting;
    this.#enter({ kind: 'starting' });
    try {
      const session = await this.#client.start(options, { signal: starting.signal });
      // A start that was broken off has been answered all the same: nobody else will end it.
      if (starting.signal.aborted) {
        void this.#client.end(session.id).catch(() => undefined);
        throw new ReplError('aborted', 'The start was broken off.');
      }
      this.#starting = null;
      this.#listener.onStarted(session);
      this.attach(session.id);
      return session;
    } catch (error) {
      if (!starting.signal.aborted) this.#enter({ kind: 'failed', error: asReplError(error) });
      throw asReplError(error);
    }
  }

  attach(id: string): void {
    this.#leave();
    this.#id = id;
    this.#exit = null;
    this.#printed = false;
    this.#listener.onReset();
    this.#connection = this.#client.attach(id, {
      onOutput: (data, taken) => {
        this.#listener.onOutput(data, taken);
        if (this.#printed) return;
        this.#printed = true;
        if (this.#phase.kind === 'live') this.#enter({ ...this.#phase, printed: true });
      },
      onState: (state) => {
        // Each connection is told anew of an exit that still holds; a restart meanwhile it is not told of.
        if (state.kind === 'open') this.#exit = null;
        this.#follow(state);
      },
      onHello: (size) => {
        this.#listener.onHello(size);
      },
      onReplayed: () => {
        this.#listener.onReplayed();
      },
      onReset: () => {
        this.#listener.onReset();
      },
      onResized: (size) => {
        this.#listener.onResized(size);
      },
      onRestarted: () => {
        this.#exit = null;
        this.#listener.onRestarted();
        if (this.#connection !== null) this.#follow(this.#connection.state);
      },
      onExit: (exit) => {
        this.#exit = exit;
        this.#listener.onExit(exit);
        if (this.#phase.kind !== 'restarting') this.#enter({ kind: 'exited', exit });
      },
      onWarning: (reason, seconds) => {
        this.#listener.onWarning(reason, seconds);
      },
    });
    this.#enter({ kind: 'connecting' });
  }

  /** Leaves the session, which goes on. */
  detach(): void {
    this.#leave();
    this.#enter({ kind: 'idle' });
  }

  async restart(options: RestartOptions): Promise<void> {
    const id = this.#id;
    if (id === null) return;
    const before = this.#phase;
    this.#enter({ kind: 'restarting' });
    try {
      await this.#client.restart(id, options);
    } finally {
      // The terminal tells whether there is a REPL again.
      if (this.#id === id && this.#phase.kind === 'restarting') this.#returnTo(before);
    }
  }

  async end(): Promise<void> {
    const id = this.#id;
    this.#starting?.abort();
    if (id === null) {
      this.detach();
      return;
    }
    const before = this.#phase;
    this.#enter({ kind: 'ending' });
    try {
      await this.#client.end(id);
      if (this.#id === id) this.#finish(null);
    } catch (error) {
      if (this.#id === id && this.#phase.kind === 'ending') this.#returnTo(before);
      throw error;
    }
  }

  /** What Ctrl-C does, also while a flood keeps keys from being heard. */
  async interrupt(): Promise<void> {
    if (this.#id === null || this.#connection?.signal('SIGINT') === true) return;
    await this.#client.signal(this.#id, 'SIGINT');
  }

  /** False where it was dropped. */
  input(data: Uint8Array): boolean {
    return this.#connection?.input(data) ?? false;
  }

  resize(size: TerminalSize): void {
    const { state } = this.#connection ?? {};
    if (state?.kind !== 'open' || state.role === 'owner') this.#connection?.resize(size);
  }

  retry(): void {
    if (this.#phase.kind === 'ended' && this.#id !== null) this.attach(this.#id);
    else this.#connection?.retry();
  }

  #leave(): void {
    this.#starting?.abort();
    this.#starting = null;
    const connection = this.#connection;
    this.#connection = null;
    this.#id = null;
    connection?.close();
  }

  /** After a call: what holds is what the terminal says; without a terminal, what held before. */
  #returnTo(before: Phase): void {
    if (this.#connection === null) this.#enter(before);
    else this.#follow(this.#connection.state);
  }

  #follow(state: ConnectionState): void {
    switch (state.kind) {
      case 'connecting':
      case 'waiting':
        this.#enter(this.#phase.kind === 'connecting' ? this.#phase : { kind: 'reconnecting' });
        break;
      case 'open':
        this.#enter(
          this.#exit === null
            ? { kind: 'live', role: state.role, printed: this.#printed }
            : { kind: 'exited', exit: this.#exit },
        );
        break;
      case 'lost':
        this.#enter({ kind: 'lost' });
        break;
      case 'closed':
        // Closed here, by `detach` or by `end`, which say so themselves.
        if (state.error !== null) this.#finish(this.#phase.kind === 'ending' ? null : state.error);
        break;
    }
  }

  #finish(error: ReplError | null): void {
    const connection = this.#connection;
    this.#connection = null;
    connection?.close();
    if (this.#phase.kind !== 'ended') this.#enter({ kind: 'ended', error });
  }

  #enter(phase: Phase): void {
    const same = phase.kind === this.#phase.kind && phase.kind !== 'live';
    this.#phase = phase;
    if (!same) this.#listener.onPhase(phase);
  }
}

function asReplError(error: unknown): ReplError {
  if (error instanceof ReplError) return error;
  return new ReplError('failed', error instanceof Error ? error.message : 'It could not be done.', { cause: error });
}
