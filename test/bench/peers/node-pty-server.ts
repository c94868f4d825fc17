/** node-pty behind ws, the terminal server that people write themselves: an unguarded python3 of the host for each websocket. */
import { readFileSync } from 'node:fs';
import type { BenchTty } from '../bench-tty.js';
import { hasNpmPeer, npmPeersFolder } from './npm-peers.js';
import { PeerProcess } from './peer-process.js';
import { PeerTty, type Framing } from './peer-tty.js';
import type { TerminalServer } from './terminal-server.js';

const plain: Framing = { encode: (typed) => typed, decode: (message) => message };

export class NodePtyServer implements TerminalServer {
  readonly name = 'node_pty';

  private constructor(readonly process: PeerProcess) {}

  static isInstalled(): boolean {
    return hasNpmPeer('node-pty', 'build/Release/pty.node') && hasNpmPeer('ws');
  }

  static async start(): Promise<NodePtyServer> {
    // Compiled, this file is elsewhere; evaluated in their folder, it finds its packages there.
    const server = readFileSync(
      new URL('../../../../test/bench/peers/npm/node-pty-server.mjs', import.meta.url),
      'utf8',
    );
    const args = ['--input-type=module', '--eval', server];
    return new NodePtyServer(
      await PeerProcess.start({ program: process.execPath, args, says: /http:\S+/, cwd: npmPeersFolder }),
    );
  }

  open(): Promise<BenchTty> {
    return Promise.resolve(new PeerTty(this.process.url, plain));
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }
}
