/** Puts the person's own terminal into a session: keys and size go in, the screen comes out, and it is put back after. */
import type { Ending } from './ending.js';
import type { TerminalExit } from '../protocol.js';
import { sizeOf, type OwnTerminal } from './own-terminal.js';
import { TerminalRun, type TerminalPlace } from './terminal-run.js';

/** Modes at their defaults, an empty screen: what a terminal draws after it lost some output. */
const cleared = '\x1b[!p\x1b[2J\x1b[H';

/** Resolves with the end of the REPL, when its last output is on the screen. */
export async function interact(place: TerminalPlace, terminal: OwnTerminal, ending: Ending): Promise<TerminalExit> {
  const { stdout, stderr } = process;
  const session = new TerminalRun(place, {
    onOutput: (data, taken) => {
      stdout.write(data, taken);
    },
    onReplayed: () => undefined,
    onReset: () => {
      if (stdout.isTTY) stdout.write(cleared);
    },
    onNotice: (sentence) => {
      stderr.write(`\r\n» ${sentence}\r\n`);
    },
  });
  session.resize(sizeOf(stdout));
  terminal.onResize((size) => {
    session.resize(size);
  });
  terminal.enterRaw(
    (data) => {
      session.input(data);
    },
    () => {
      ending.ask('SIGHUP');
    },
  );
  try {
    const exit = await session.untilExit(ending.signal);
    await flushed(stdout);
    return exit;
  } finally {
    terminal.restore();
  }
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
}
