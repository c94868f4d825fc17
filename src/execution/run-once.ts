/** A program in a fresh sandbox of its own, with the files given and nothing else; the sandbox is gone afterwards. */
import type { Egress } from '../egress/egress.js';
import type { Limits } from '../sandbox/limits.js';
import { writeArchive } from '../workspace/archive.js';
import type { WorkspaceEntry } from '../workspace/entry.js';
import { Workspace } from '../workspace/workspace.js';
import type { Borrowed, OneShots } from './one-shots.js';
import { stepsOf } from './program.js';
import { runProgram, type ProgramRequest, type ProgramResult } from './run-program.js';

export interface OnceRequest extends ProgramRequest {
  /** The name of the API key that it counts for. */
  readonly key: string;
  readonly language: string;
  readonly entries: readonly WorkspaceEntry[];
  /** The names that it may reach; absent, none. */
  readonly egress?: readonly string[];
  /** Where they are not the operator's defaults, the sandbox is made for this run. */
  readonly sandboxLimits: Partial<Limits>;
  /** The sandbox is there, and the program is about to begin. */
  readonly onStart?: (borrowed: Borrowed) => Promise<void> | void;
}

export interface OnceResult extends ProgramResult {
  readonly waitedMs: number;
  readonly cold: boolean;
}

/** Rejects as `OneShots.use` does, with `disk_full` where the files do not fit, or as `runProgram` does. */
export async function runOnce(
  oneShots: Pick<OneShots, 'use' | 'language'>,
  egress: Pick<Egress, 'open'>,
  request: OnceRequest,
  signal: AbortSignal,
): Promise<OnceResult> {
  stepsOf(request.program, oneShots.language(request.language));
  const files = request.entries.length === 0 ? null : await writeArchive(request.entries);
  return await oneShots.use(request.language, request.sandboxLimits, signal, async (warm, borrowed, bounded) => {
    if (files !== null) await new Workspace(warm.connection, () => undefined).unpack(files, { replace: false });
    const { egress: names = [] } = request;
    const opened = await egress.open(warm.connection, warm.sandbox.spec.identity.sessionId, names);
    const env = { ...opened.env, ...request.env };
    bounded.throwIfAborted();
    await request.onStart?.(borrowed);
    const result = await runProgram(warm.connection, borrowed.language, { ...request, env }, bounded);
    return { ...result, waitedMs: borrowed.waitedMs, cold: borrowed.cold };
  });
}
