/** python3 on the TTY of a hardened container, by a bare attach: what Docker itself gives. */
import Docker, { type Container } from 'dockerode';
import { BenchTty } from './bench-tty.js';

export class ContainerTty extends BenchTty {
  private constructor(
    readonly container: Container,
    readonly stream: NodeJS.ReadWriteStream,
  ) {
    super();
    stream.on('data', (data: Buffer) => {
      this.take(data);
    });
  }

  static async start(image: string): Promise<ContainerTty> {
    const container = await new Docker().createContainer({
      Image: image,
      Entrypoint: [],
      Cmd: ['python3'],
      Tty: true,
      OpenStdin: true,
      User: '41966:51966',
      Env: ['TERM=xterm-256color', 'HOME=/tmp'],
      HostConfig: {
        AutoRemove: true,
        NetworkMode: 'none',
        CapDrop: ['ALL'],
        ReadonlyRootfs: true,
        Tmpfs: { '/sandbox': 'exec', '/tmp': '' },
        Memory: 512 * 1024 * 1024,
        PidsLimit: 128,
        NanoCpus: 1e9,
        LogConfig: { Type: 'none', Config: {} },
      },
    });
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    await container.start();
    await container.resize({ w: 80, h: 24 });
    return new ContainerTty(container, stream);
  }

  override type(text: string): void {
    this.stream.write(text);
  }

  async close(): Promise<void> {
    this.stream.end();
    await this.container.remove({ force: true, v: true });
  }
}
