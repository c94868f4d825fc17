/** Milliseconds of a command with nothing of ours around it, as a Python program beside this file takes them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { BenchDriver } from './driver.js';

export type Clock = 'prompt_times.py' | 'spawn_times.py';

/** Inside one container of the image for Docker, so that the command is the same binary; on the host for bubblewrap. */
export function bareTimes(driver: BenchDriver, image: string, clock: Clock, command: readonly string[]): number[] {
  const inContainer = ['docker', 'run', '--rm', '--entrypoint=', '--network=none', image];
  return timesOf(clock, command, driver === 'docker' ? inContainer : []);
}

/** @param prefix what the clock itself is started with */
export function timesOf(
  clock: Clock,
  command: readonly string[],
  prefix: readonly string[] = [],
  rounds = 40,
): number[] {
  // Compiled, this file is dist/test/bench/bare-times.js, and Python files are not copied there.
  const text = readFileSync(new URL(`../../../test/bench/${clock}`, import.meta.url), 'utf8');
  const [program = '', ...rest] = [...prefix, '/usr/bin/python3', '-c', text, String(rounds), ...command];
  return JSON.parse(execFileSync(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] }).toString()) as number[];
}
