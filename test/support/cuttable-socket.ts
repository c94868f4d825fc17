/** A way to the machine's Docker daemon that can be cut and opened again: to its users, a daemon that stops and starts. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export class CuttableSocket {
  readonly path = join(mkdtempSync(join(tmpdir(), 'daemon-')), 'docker.sock');
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  async open(): Promise<void> {
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      this.#relay(near);
    }).listen(this.path);
    await once(this.#server, 'listening');
  }

  cut(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.path, { force: true });
  }

  /** Cuts it for good. */
  remove(): void {
    this.cut();
    rmSync(dirname(this.path), { recursive: true });
  }

  #relay(near: Socket): void {
    const far = connect({ path: '/var/run/docker.sock', allowHalfOpen: true });
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  }
}
