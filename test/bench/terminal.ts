/**
 * What a person at the terminal feels: echo, flood, interrupt, and what a stalled reader costs the runner; against a bare
 * attach to the TTY of a container of the same image, in the same run.
 */
import { readFileSync } from 'node:fs';
import { ContainerTty } from './container-tty.js';
import { runnerSettings, type BenchDriver } from './driver.js';
import { figure, quantile, timesFigure, type Figure } from './figure.js';
import { RunnerProcess } from './runner-process.js';
import { step } from './step.js';
import { echoTimes, floodRate, keyGapMs, pause } from './terminal-work.js';
import { WebsocketTty } from './websocket-tty.js';
import type { BenchTty } from './bench-tty.js';

const echoRounds = 400;
/** A runner lives for weeks, and its code is compiled within the first seconds of them. */
const warmUpRounds = 2_000;
const interruptRounds = 30;
const interruptAfterBytes = 1024 * 1024;
const stallMs = 4_000;
const stalledGrowthBytes = 16 * 1024 * 1024;

async function interruptTimes(tty: BenchTty): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < interruptRounds; round += 1) {
    const from = tty.received;
    tty.type("while True: print('z' * 99)\r\r");
    await tty.untilReceived(from + interruptAfterBytes);
    const since = performance.now();
    tty.type('\x03');
    await tty.until('KeyboardInterrupt');
    times.push(performance.now() - since);
    await tty.until('>>> ');
  }
  return times;
}

function residentBytes(pid: number | undefined): number {
  const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

/** How much the runner grows at most while a reader of an endless flood has stopped reading. */
async function stalledGrowth(runner: RunnerProcess, tty: WebsocketTty): Promise<number> {
  const from = tty.received;
  tty.type("while True: print('z' * 99)\r\r");
  await tty.untilReceived(from + interruptAfterBytes);
  const before = residentBytes(runner.process.child.pid);
  let most = before;
  tty.stall();
  for (let waited = 0; waited < stallMs; waited += 100) {
    await pause(100);
    most = Math.max(most, residentBytes(runner.process.child.pid));
  }
  tty.resume();
  tty.type('\x03');
  await tty.until('KeyboardInterrupt');
  return most - before;
}

interface Measured {
  readonly echo: number[];
  readonly hurried: number[];
  readonly flood: number;
  readonly interrupt: number[];
}

async function measured(whose: string, tty: BenchTty): Promise<Measured> {
  await tty.until('>>> ');
  const hurried = await step(`${whose}: ${warmUpRounds} echoes without a pause`, () => echoTimes(tty, warmUpRounds, 0));
  const echo = await step(`${whose}: ${echoRounds} echoes`, () => echoTimes(tty, echoRounds, keyGapMs));
  return {
    echo,
    hurried: hurried.slice(-echoRounds),
    flood: await step(`${whose}: floods`, () => floodRate(tty)),
    interrupt: await step(`${whose}: ${interruptRounds} interrupts`, () => interruptTimes(tty)),
  };
}

const megabytes = 1e-6;

export async function benchTerminal(driver: BenchDriver, tag: string): Promise<Figure[]> {
  const container = await ContainerTty.start(`repl_runner/python:${tag}`);
  const bare = await measured('bare attach', container).finally(() => container.close());
  const runner = await RunnerProcess.start(runnerSettings(driver, tag));
  try {
    await runner.untilWarm(1);
    const session = (await runner.call('POST', '/repl', Buffer.from('{"language":"python"}'))) as { id: string };
    const tty = new WebsocketTty(runner.attach(`/repl/${session.id}`, 'repl.v1'));
    const ours = await measured('a session', tty);
    const growth = await step('a stalled reader', () => stalledGrowth(runner, tty));
    await tty.close();
    await runner.call('DELETE', `/repl/${session.id}`);
    const p50 = quantile(ours.echo, 0.5);
    return [
      timesFigure(`${driver}_bare_attach_echo_p50`, bare.echo, 0.5),
      figure(`${driver}_bare_attach_flood`, bare.flood * megabytes, 'MB/s'),
      timesFigure(`${driver}_bare_attach_interrupt_p95`, bare.interrupt, 0.95),
      figure(`${driver}_echo_p50`, p50, 'ms'),
      timesFigure(`${driver}_echo_back_to_back_p50`, ours.hurried, 0.5),
      timesFigure(`${driver}_bare_attach_echo_back_to_back_p50`, bare.hurried, 0.5),
      figure(`${driver}_flood`, ours.flood * megabytes, 'MB/s'),
      figure(`${driver}_echo_p50_ratio`, p50 / quantile(bare.echo, 0.5), '× bare docker attach', { atMost: 3 }),
      timesFigure(`${driver}_echo_p99_ms`, ours.echo, 0.99, { atMost: 5 }),
      figure(`${driver}_flood_ratio`, ours.flood / bare.flood, '× bare docker attach', { atLeast: 0.5 }),
      timesFigure(`${driver}_interrupt_p95_ms`, ours.interrupt, 0.95, { atMost: 20 }),
      figure(`${driver}_stalled_reader_rss_growth_bytes`, growth, 'bytes', { atMost: stalledGrowthBytes }),
    ];
  } finally {
    await runner.stop();
  }
}
