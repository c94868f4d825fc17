/** A sandbox whose agent answers: made by a driver, greeted, and with its REPL up where the language has a hook. */
import { abortAfter } from '../abort-after.js';
import { AgentConnection, type AgentListener } from '../agent/agent-connection.js';
import type { AgentState } from '../agent/message.js';
import { RunnerError } from '../errors.js';
import type { Sandbox, SandboxDriver, SandboxSpec } from '../sandbox/sandbox.js';
import { withAnySignal } from '../with-any-signal.js';

/** From create to a waiting REPL; a cold image on a busy disk takes seconds. */
const readyTimeoutMs = 30_000;

export interface WarmSandbox {
  readonly sandbox: Sandbox;
  readonly connection: AgentConnection;
  readonly state: AgentState;
}

export interface GreetingOptions {
  readonly resumeGraceSeconds: number;
}

/** Makes one. Rejects with RunnerError and leaves nothing behind when it fails, takes too long or is aborted. */
export async function createWarmSandbox(
  driver: SandboxDriver,
  spec: SandboxSpec,
  options: GreetingOptions,
  signal: AbortSignal,
): Promise<WarmSandbox> {
  return await withAnySignal([signal, abortAfter(readyTimeoutMs)], (bounded) =>
    createWithin(driver, spec, options, bounded),
  );
}

async function createWithin(
  driver: SandboxDriver,
  spec: SandboxSpec,
  options: GreetingOptions,
  bounded: AbortSignal,
): Promise<WarmSandbox> {
  const sandbox = await driver.create(spec, bounded);
  let giveUp: () => void = () => undefined;
  try {
    const waiting = new WaitingForReady();
    const connection = new AgentConnection(sandbox.stream, waiting);
    giveUp = () => {
      connection.close('it was not ready in time');
    };
    bounded.addEventListener('abort', giveUp, { once: true });
    if (bounded.aborted) giveUp();
    const state = await connection.sync({
      replica: spec.identity.replica,
      resumeGraceSeconds: options.resumeGraceSeconds,
      fresh: true,
      timeoutMs: readyTimeoutMs,
    });
    if (!state.ready) await waiting.ready;
    return { sandbox, connection, state };
  } catch (error) {
    await sandbox.destroy();
    const end = await sandbox.ended;
    throw new RunnerError(
      'sandbox_failed',
      `A ${spec.language.name} sandbox could not be made ready (${end.reason}).`,
      {
        cause: error,
      },
    );
  } finally {
    bounded.removeEventListener('abort', giveUp);
  }
}

/** What hears a warm sandbox's agent until it is claimed: nothing but that it, or its REPL, is gone. */
export function whileWarm(onLost: () => void): AgentListener {
  const ignored = (): void => undefined;
  return { onReady: ignored, onOutput: ignored, onInputCredit: ignored, onExit: onLost, onClosed: onLost };
}

class WaitingForReady implements AgentListener {
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  readonly ready = new Promise<void>((resolve, reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  });

  constructor() {
    this.ready.catch(() => undefined); // it may fail before, or without, anybody waiting for it
  }

  onReady(): void {
    this.#resolve();
  }

  onClosed(reason: string): void {
    this.#reject(new RunnerError('sandbox_failed', `The agent is gone: ${reason}.`));
  }

  onExit(): void {
    this.#reject(new RunnerError('sandbox_failed', 'The REPL ended before it was ready.'));
  }

  onOutput(): void {
    this.#reject(new RunnerError('sandbox_failed', 'The agent spoke out of turn.'));
  }

  onInputCredit(): void {
    this.onOutput();
  }
}
