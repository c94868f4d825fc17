/** What an agent answers when a program has ended, here by itself and well unless a test says otherwise. */
import type { SpawnResult } from '../../src/agent/message.js';

export function spawnAnswer(fields: Partial<SpawnResult> = {}): SpawnResult {
  return {
    exit_code: 0,
    signal: null,
    ended_by: null,
    wall_ms: 1,
    cpu_ms: 1,
    max_rss_bytes: 1024,
    cut: [],
    oom_killed: false,
    fork_refused: false,
    disk_full: false,
    files: null,
    ...fields,
  };
}
