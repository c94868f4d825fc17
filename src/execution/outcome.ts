/**
 * What became of a run, decided from what the agent read off the kernel: how the process ended, what the agent ended it
 * for, and which counters of the sandbox rose meanwhile. Pure. A run that ended by itself with exit code 0 went well,
 * whatever the counters say.
 */
import type { SpawnResult } from '../agent/message.js';

export const runOutcomes = [
  'ok',
  'runtime_error',
  'signal',
  'wall_timeout',
  'cpu_timeout',
  'out_of_memory',
  'process_limit',
  'output_limit',
  'disk_full',
  'ended',
  'infrastructure',
] as const;
export type RunOutcome = (typeof runOutcomes)[number];

/** What the agent ended a run for, as an outcome. */
const endings = {
  wall: 'wall_timeout',
  cpu: 'cpu_timeout',
  output: 'output_limit',
  killed: 'ended',
  ended: 'ended',
} as const satisfies Record<NonNullable<SpawnResult['ended_by']>, RunOutcome>;

/** What a shell answers with when a program of its was killed: 128 and the number of SIGKILL. */
const killedInShell = 137;

export function outcomeOf(
  result: Pick<SpawnResult, 'exit_code' | 'signal' | 'ended_by' | 'oom_killed' | 'fork_refused' | 'disk_full'>,
): RunOutcome {
  if (result.ended_by !== null) return endings[result.ended_by];
  if (result.exit_code === 0) return 'ok';
  const killed = result.signal === 'SIGKILL' || result.exit_code === killedInShell;
  if (killed && result.oom_killed) return 'out_of_memory';
  if (result.fork_refused) return 'process_limit';
  if (result.disk_full) return 'disk_full';
  return result.signal === null ? 'runtime_error' : 'signal';
}
