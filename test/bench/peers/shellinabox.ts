/**
 * shellinabox: an unguarded python3 of the host on a PTY, reached without websockets. Output is the answer to a poll that the
 * server holds until there is some; keys are requests of their own, one under way at a time, as its page sends them.
 */
import { existsSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { freePort } from '../../support/free-port.js';
import { BenchTty } from '../bench-tty.js';
import { PeerProcess, systemPython } from './peer-process.js';
import type { TerminalServer } from './terminal-server.js';

const program = '/usr/bin/shellinaboxd';

interface Polled {
  readonly session: string;
  readonly data: string;
}

class PollingTty extends BenchTty {
  readonly #url: URL;
  readonly #agent = new Agent({ keepAlive: true });
  #session: string | null = null;
  #keys = '';
  #sending = false;
  #closed = false;

  constructor(url: URL) {
    super();
    this.#url = url;
    void this.#poll();
  }

  override type(text: string): void {
    this.#keys += text;
    if (!this.#sending) void this.#sendKeys();
  }

  /** Ends the python3, since the server keeps it for a page that may come back. */
  override close(): void {
    this.#closed = true;
    this.type('\x04');
  }

  async #poll(): Promise<void> {
    for (;;) {
      const answer = await this.#post(this.#session === null ? { rooturl: this.#url.href } : {});
      // Anything but 200 is the end of the session.
      if (answer === null) return;
      if (!answer.startsWith('{')) continue;
      const { session, data } = JSON.parse(answer) as Polled;
      this.#session = session;
      this.take(Buffer.from(data));
    }
  }

  async #sendKeys(): Promise<void> {
    this.#sending = true;
    while (this.#keys !== '') {
      const keys = Buffer.from(this.#keys).toString('hex').toUpperCase();
      this.#keys = '';
      await this.#post({ keys });
    }
    this.#sending = false;
    if (this.#closed) this.#agent.destroy();
  }

  /** What it answers with; null where it refuses, or the connection is gone. */
  async #post(fields: Readonly<Record<string, string>>): Promise<string | null> {
    const session = this.#session === null ? {} : { session: this.#session };
    const body = new URLSearchParams({ width: '80', height: '24', ...session, ...fields }).toString();
    const headers = {
      'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8',
      'Content-Length': body.length,
    };
    return await new Promise((resolve) => {
      const sent = request(this.#url, { method: 'POST', agent: this.#agent, headers }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (data: Buffer) => pieces.push(data));
        response.on('end', () => {
          resolve(response.statusCode === 200 ? Buffer.concat(pieces).toString() : null);
        });
      });
      sent.on('error', () => {
        resolve(null);
      });
      sent.end(body);
    });
  }
}

export class Shellinabox implements TerminalServer {
  readonly name = 'shellinabox';

  private constructor(readonly process: PeerProcess) {}

  static isInstalled(): boolean {
    return existsSync(program);
  }

  static async start(): Promise<Shellinabox> {
    const port = await freePort();
    const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
    const service = `--service=/:${uid}:${gid}:/:${systemPython}`;
    const args = ['--verbose', '--disable-ssl', '--localhost-only', `--port=${port}`, service];
    const url = new URL(`http://127.0.0.1:${port}`);
    return new Shellinabox(await PeerProcess.start({ program, args, says: /istening/, url }));
  }

  open(): Promise<BenchTty> {
    return Promise.resolve(new PollingTty(this.process.url));
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }
}
