/**
 * Takes a session's sandbox up again whose stream broke while it may live on, as with a daemon that restarts and leaves its
 * containers running: waits for the box, then takes the agent's lease anew, as often as the stream breaks meanwhile. What
 * becomes of the session is the session's.
 */
import { AgentConnection, type AgentListener } from '../agent/agent-connection.js';
import type { AgentState } from '../agent/message.js';
import { RunnerError } from '../errors.js';
import type { Sandbox } from '../sandbox/sandbox.js';

const syncTimeoutMs = 5_000;

export interface Recovered {
  readonly sandbox: Sandbox;
  readonly connection: AgentConnection;
  readonly agent: AgentState;
}

export interface RecoveryGreeting {
  readonly replica: string;
  readonly resumeGraceSeconds: number;
}

/**
 * Rejects with RunnerError `sandbox_failed` when the sandbox is gone or the signal aborts; its context names the `holder`
 * where another replica has taken it up. An agent that does not answer is asked again until then.
 */
export async function recoverSandbox(
  lost: Sandbox,
  greeting: RecoveryGreeting,
  listener: AgentListener,
  signal: AbortSignal,
): Promise<Recovered> {
  let sandbox = lost;
  for (;;) {
    if (sandbox.recover === undefined) throw new RunnerError('sandbox_failed', 'The sandbox ended with its stream.');
    sandbox = await sandbox.recover(signal);
    const connection = new AgentConnection(sandbox.stream, listener);
    const stop = (): void => {
      connection.close('it is no longer wanted');
    };
    signal.addEventListener('abort', stop);
    try {
      const agent = await connection.sync({ ...greeting, fresh: false, timeoutMs: syncTimeoutMs });
      return { sandbox, connection, agent };
    } catch (error) {
      // The daemon may go away again meanwhile, and a host on which all sandboxes are taken up at once is slow.
      connection.close('it could not be taken up again');
      if (signal.aborted || isHeld(error)) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}

/** Another replica has taken the sandbox up. */
export function isHeld(error: unknown): boolean {
  return error instanceof RunnerError && error.context.holder !== undefined;
}
