import { describe, expect, it } from '@jest/globals';
import { outcomeOf } from '../../../src/execution/outcome.js';
import { spawnAnswer } from '../../doubles/spawn-answer.js';

const killed = { exit_code: null, signal: 'SIGKILL' } as const;
const counted = { oom_killed: true, fork_refused: true, disk_full: true } as const;

describe('outcomeOf', () => {
  it.each([
    ['ok', {}],
    ['ok', counted],
    ['runtime_error', { exit_code: 1 }],
    ['runtime_error', { exit_code: 1, oom_killed: true }],
    ['runtime_error', { exit_code: 137 }],
    ['signal', killed],
    ['signal', { exit_code: null, signal: 'SIGSEGV', oom_killed: true }],
    ['out_of_memory', { ...killed, ...counted }],
    ['out_of_memory', { exit_code: 137, oom_killed: true }],
    ['process_limit', { exit_code: 2, fork_refused: true, disk_full: true }],
    ['process_limit', { ...killed, fork_refused: true }],
    ['disk_full', { exit_code: 1, disk_full: true }],
    ['disk_full', { exit_code: null, signal: 'SIGBUS', disk_full: true }],
    ['signal', { exit_code: null, signal: 'SIGXCPU' }],
    ['cpu_timeout', { ...killed, ...counted, ended_by: 'cpu' }],
    ['wall_timeout', { ...killed, ...counted, ended_by: 'wall' }],
    ['output_limit', { ...killed, ...counted, ended_by: 'output' }],
    ['output_limit', { ended_by: 'output' }],
    ['ended', { ...killed, ended_by: 'killed' }],
    ['ended', { ...killed, ended_by: 'ended' }],
  ] as const)('is %s for %j', (outcome, fields) => {
    expect(outcomeOf(spawnAnswer(fields))).toBe(outcome);
  });
});
