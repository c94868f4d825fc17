/** Jupyter's server: a kernel of ipykernel for each `POST /api/kernels`, spoken to over its websocket. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { PeerProcess, systemPython } from './peer-process.js';
import { freePort } from '../../support/free-port.js';

interface KernelMessage {
  readonly msg_type: string;
  readonly content: { readonly data?: Readonly<Record<string, string>> };
}

export class Jupyter {
  private constructor(
    readonly process: PeerProcess,
    readonly folder: string,
  ) {}

  static async start(): Promise<Jupyter> {
    const folder = mkdtempSync(join(tmpdir(), 'bench-jupyter-'));
    const own = ['--ServerApp.token=', '--ServerApp.password=', '--ServerApp.disable_check_xsrf=True'];
    // It takes a free port for 0, and then says 0.
    const listens = ['--no-browser', '--allow-root', `--port=${await freePort()}`, `--ServerApp.root_dir=${folder}`];
    const args = ['-m', 'jupyter_server', ...listens, ...own];
    const says = /http:\/\/127\.0\.0\.1:\d+\//;
    return new Jupyter(await PeerProcess.start({ program: systemPython, args, says }), folder);
  }

  /** A fresh kernel, the value of an expression in it, and its end; answers the ms until the value was there. */
  async valueOf(code: string): Promise<number> {
    const since = performance.now();
    const made = await fetch(new URL('/api/kernels', this.process.url), {
      method: 'POST',
      body: '{"name": "python3"}',
    });
    if (!made.ok) throw new Error(`a kernel was refused: ${made.status} ${await made.text()}`);
    const { id } = (await made.json()) as { id: string };
    const url = new URL(`/api/kernels/${id}/channels`, this.process.url);
    url.protocol = 'ws:';
    const socket = new WebSocket(url);
    await resultOf(socket, code);
    const took = performance.now() - since;
    socket.close();
    await fetch(new URL(`/api/kernels/${id}`, this.process.url), { method: 'DELETE' });
    return took;
  }

  async stop(): Promise<void> {
    await this.process.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function resultOf(socket: WebSocket, code: string): Promise<void> {
  const header = { msg_id: 'bench', session: 'bench', username: '', version: '5.3', msg_type: 'execute_request' };
  const content = { code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false };
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => {
      const message = { header, parent_header: {}, metadata: {}, content, channel: 'shell', buffers: [] };
      socket.send(JSON.stringify(message));
    });
    socket.on('message', (data: Buffer) => {
      const { msg_type: type } = JSON.parse(data.toString()) as KernelMessage;
      if (type === 'execute_result') resolve();
      if (type === 'error') reject(new Error(data.toString().slice(0, 500)));
    });
  });
}
