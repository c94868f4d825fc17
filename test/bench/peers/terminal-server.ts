/**
 * Terminal servers of whatever kind, and the three things that all of them are measured by: in turns, since what a machine
 * gives changes from one second to the next.
 */
import { quantile } from '../figure.js';
import type { BenchTty } from '../bench-tty.js';
import { step } from '../step.js';
import { echoTimes, floodRate, keyGapMs, pause } from '../terminal-work.js';
import { inTurn } from '../turns.js';

const starts = 20;
const warmUpRounds = 3;
const echoes = 400;
const echoesInTurn = 40;
const floods = 3;
const floodBytes = 12 * 1024 * 1024;
/** What a terminal leaves behind at its end is over by then. */
const restMs = 50;

export interface TerminalServer {
  readonly name: string;
  /** A terminal whose prompt is yet to come. */
  open(): Promise<BenchTty>;
  stop(): Promise<void>;
}

export interface TerminalTimes {
  readonly name: string;
  /** In ms. */
  readonly start: number[];
  readonly echo: number[];
  /** In bytes a second. */
  readonly floods: number[];
}

interface Measured {
  readonly server: TerminalServer;
  readonly times: TerminalTimes;
}

/** Of all of these, which are running. */
export async function terminalTimes(servers: readonly TerminalServer[]): Promise<TerminalTimes[]> {
  const measured: Measured[] = servers.map((server) => ({
    server,
    times: { name: server.name, start: [], echo: [], floods: [] },
  }));
  await step(`${starts} prompts of each`, () => prompts(measured));
  const terminals: (readonly [BenchTty, TerminalTimes])[] = [];
  for (const { server, times } of measured) {
    const tty = await server.open();
    await tty.until('>>> ');
    terminals.push([tty, times]);
  }
  await step(`${echoes} echoes of each`, async () => {
    for (let round = -1; round < echoes / echoesInTurn; round += 1) {
      for (const [tty, { echo }] of inTurn(terminals, round + 1)) {
        const took = await echoTimes(tty, echoesInTurn, keyGapMs);
        if (round >= 0) echo.push(...took);
      }
    }
  });
  await step(`${floods} floods of each`, async () => {
    for (let round = 0; round < floods; round += 1) {
      for (const [tty, times] of inTurn(terminals, round)) times.floods.push(await floodRate(tty, floodBytes, 1));
    }
  });
  for (const [tty] of terminals) await tty.close();
  return measured.map(({ times }) => times);
}

async function prompts(measured: readonly Measured[]): Promise<void> {
  for (let round = -warmUpRounds; round < starts; round += 1) {
    for (const { server, times } of inTurn(measured, round + warmUpRounds)) {
      const since = performance.now();
      const tty = await server.open();
      await tty.until('>>> ');
      if (round >= 0) times.start.push(performance.now() - since);
      await tty.close();
      await pause(restMs);
    }
  }
}

export const floodOf = ({ floods }: TerminalTimes): number => quantile(floods, 0.5);
