/** terminado, the terminals of Jupyter: an unguarded python3 of the host on a PTY behind a websocket. */
import { readFileSync } from 'node:fs';
import type { BenchTty } from '../bench-tty.js';
import { PeerProcess, systemPython } from './peer-process.js';
import { PeerTty, type Framing } from './peer-tty.js';
import type { TerminalServer } from './terminal-server.js';

const framing: Framing = {
  encode: (typed) => JSON.stringify(['stdin', typed]),
  decode: (message) => {
    const [kind, text] = JSON.parse(message.toString()) as [string, string];
    return kind === 'stdout' ? Buffer.from(text) : null;
  },
};

export class Terminado implements TerminalServer {
  readonly name = 'terminado';

  private constructor(readonly process: PeerProcess) {}

  static async start(): Promise<Terminado> {
    // Compiled, this file is elsewhere, and Python files are not copied there.
    const server = readFileSync(new URL('../../../../test/bench/peers/terminado_server.py', import.meta.url), 'utf8');
    const args = ['-c', server, systemPython];
    return new Terminado(await PeerProcess.start({ program: systemPython, args, says: /http:\S+/ }));
  }

  open(): Promise<BenchTty> {
    return Promise.resolve(new PeerTty(new URL('/websocket', this.process.url), framing));
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }
}
