/** Attacks that take more than their share: processes, threads, CPU time, memory, disk, descriptors. */
import type { Attack } from '../attack.js';
import { run, runAndUse, runUntilLost } from '../doors.js';

const noCgroupInodes = { bubblewrap: 'inodes' };

export const resourceAttacks: readonly Attack[] = [
  {
    name: 'a fork bomb',
    door: runAndUse('fork_bomb.py', { wallSeconds: 3 }),
    expected: /^wall_timeout; then works$/,
  },
  {
    name: 'a fork bomb whose processes leave the run',
    door: runAndUse('fork_bomb.py', { args: ['fugitive'], wallSeconds: 3, restart: true }),
    expected: /^wall_timeout; then works after a restart$/,
  },
  {
    name: 'threads without end',
    door: runAndUse('exhaust_threads.py'),
    expected: /can't start new thread with no more than 64 threads; then works$/,
  },
  {
    name: 'much CPU time in many processes',
    door: runAndUse('hog_cpu.py', { wallSeconds: 3 }),
    expected: /^wall_timeout; then works$/,
  },
  {
    name: 'much memory at once',
    door: runAndUse('eat_memory.py', { args: ['fast'] }),
    expected: /^(out_of_memory|runtime_error \(exit code 1\): .*MemoryError); then works$/,
  },
  {
    name: 'memory in small steps',
    door: runAndUse('eat_memory.py', { args: ['slowly'] }),
    expected: /^out_of_memory; then works$/,
  },
  {
    name: 'memory in many processes that hide from the kernel',
    door: runUntilLost('eat_memory.py', { args: ['in_many'], wallSeconds: 6 }),
    expected: /^infrastructure; then the session has ended$|^(wall_timeout|out_of_memory).*; then ok$/,
  },
  {
    name: 'memory in files',
    door: runAndUse('eat_memory.py', { args: ['in_files'] }),
    expected: /^out_of_memory: .*; then works$/,
  },
  {
    name: 'memory in System V segments that outlive their process',
    door: runAndUse('eat_memory.py', { args: ['in_segments'] }),
    expected: /; then works$/,
  },
  {
    name: "memory in the kernel's buffers",
    door: runAndUse('eat_memory.py', { args: ['in_the_kernel'], wallSeconds: 6 }),
    expected: /; then works$/,
  },
  {
    name: 'a full disk',
    door: runAndUse('fill_disk.py', { args: ['bytes'] }),
    expected: /No space left on device.*; then works$/,
  },
  {
    name: 'a disk full of empty files',
    door: run('fill_disk.py', { args: ['inodes'], wallSeconds: 110 }),
    expected: {
      docker: /No space left on device.*No space left on device/,
      bubblewrap: /^out_of_memory$|without end|No space left/,
    },
    accepted: noCgroupInodes,
  },
  {
    name: 'descriptors without end in many processes',
    door: runAndUse('exhaust_descriptors.py'),
    expected: /Too many open files at no more than 1024; then works$/,
  },
];
