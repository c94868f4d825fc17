/** What terminals are measured by: keys and their echoes, and floods. */
import { quantile } from './figure.js';
import type { BenchTty } from './bench-tty.js';

/** A fast typist's keys are 50 ms apart; this keeps the bench short and the machine awake. */
export const keyGapMs = 3;
/** Each once in a line, and none in an escape sequence of a REPL: what comes late of another key is no echo. */
const keysOfALine = 'abcdefgijkopqrstuvwxyzEFILMNOPQRSTUVWXYZ';
const wholeFloodBytes = 64 * 1024 * 1024;
const floods = 3;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Times in ms from a key to its echo. Without a gap the next key follows at once, as nobody types. */
export async function echoTimes(tty: BenchTty, rounds: number, gapMs: number): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (gapMs > 0) await pause(gapMs);
    const at = round % keysOfALine.length;
    const key = keysOfALine.charAt(at);
    const since = performance.now();
    tty.type(key);
    await tty.until(key);
    times.push(performance.now() - since);
    if (at < keysOfALine.length - 1) continue;
    tty.type('\r');
    // Python 3.13 draws its prompt and the line anew before it answers.
    await tty.until('is not defined');
    await tty.until('>>> ');
    await pause(keyGapMs * 10);
  }
  return times;
}

/** Bytes a second of whole lines written in blocks, as a program does whose output is a pipe's worth. */
export async function floodRate(tty: BenchTty, floodBytes = wholeFloodBytes, rounds = floods): Promise<number> {
  const line = "b'y' * 78 + b'\\n'";
  tty.type(`import os; block = (${line}) * 800\r`);
  await tty.until('>>> ');
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    tty.type(`for i in range(${Math.ceil(floodBytes / rounds / 79 / 800)}): n = [os.write(1, block)]\r\r`);
    await tty.until('y'.repeat(78));
    const [since, from] = [performance.now(), tty.received];
    await tty.until('>>> ');
    rates.push((tty.received - from) / (performance.now() - since));
  }
  return quantile(rates, 0.5) * 1000;
}
